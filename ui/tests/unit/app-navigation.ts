/** In the place of $app/navigation: remembers where the page went. */
export const visited: string[] = [];

export async function goto(to: string | URL): Promise<void> {
  visited.push(String(to));
}
