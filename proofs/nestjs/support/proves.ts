import { test } from 'vitest';

/** A test that executes the sentences of which these are fragments; tests/content/test_proofs.py reads the fragments. */
export function proves(...words: [...fragments: string[], body: () => Promise<void> | void]): void {
  const body = words.pop() as () => Promise<void> | void;
  test(words.join(' + '), body);
}

/** What a promise rejects with. */
export async function failure(promise: PromiseLike<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail.');
}

/** Whether a promise is still pending after that time. */
export const pending = (promise: PromiseLike<unknown>, milliseconds: number): Promise<boolean> =>
  Promise.race([
    Promise.resolve(promise).then(() => false, () => false),
    new Promise<boolean>((resolve) => setTimeout(resolve, milliseconds, true)),
  ]);

/** A gate that opens when so many have arrived: what makes two requests concurrent. */
export function barrier(parties: number): () => Promise<void> {
  let open: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    if (--parties === 0) open();
    return opened;
  };
}

let counter = 0;
export const unique = (prefix = 'proof'): string => `${prefix}-${process.pid}-${Date.now()}-${counter++}`;
