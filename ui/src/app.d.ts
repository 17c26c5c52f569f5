declare global {
  namespace App {
    interface Error {
      /** The page's code has not arrived: nothing is wrong with the page. */
      missing?: boolean;
    }
  }
}

export {};
