/** Forge asks for one's own password once more; what it says of that belongs beside the field. */
import { asProblem, Problem } from '#lib/api/client.ts';

/** The answer; that the password was wrong is a fault of `field`. */
export async function provenBy<T>(field: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const { status, code, message, fields } = asProblem(error);
    throw new Problem(status, code, message, code === 'wrong_password' ? { [field]: message } : fields);
  }
}
