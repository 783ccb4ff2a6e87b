import { PGlite } from '@electric-sql/pglite';
export async function openFolder(
  folder: string,
  options: { onNote: (message: string, level: 'log' | 'warn') => void },
): Promise<{ pglite: PGlite; close: () => Promise<void> }> {
  options.onNote('Not locked yet.', 'log');
  const pglite = await PGlite.create(folder === 'memory://' ? undefined : folder);
  return { pglite, close: () => pglite.close() };
}
