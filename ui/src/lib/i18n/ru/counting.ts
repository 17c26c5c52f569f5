/** Числа и слова при них. */
export const number = (n: number) => n.toLocaleString('ru');

export function form(n: number, one: string, few: string, many: string): string {
  const [tens, units] = [n % 100, n % 10];
  if (tens > 10 && tens < 20) return many;
  return units === 1 ? one : units > 1 && units < 5 ? few : many;
}

export const count = (n: number, one: string, few: string, many: string) =>
  `${number(n)} ${form(n, one, few, many)}`;
