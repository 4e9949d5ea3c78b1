import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A model repository in a directory of its own. */
export class TemporaryRepository {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<TemporaryRepository> {
    return new TemporaryRepository(await mkdtemp(join(tmpdir(), "kvring-models-")));
  }

  /** Writes a file, and the directories it needs, under a path such as "digits/1/model.onnx". */
  async write(path: string, content: string | Uint8Array): Promise<string> {
    const file = join(this.dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  async remove(path = ""): Promise<void> {
    await rm(join(this.dir, path), { recursive: true, force: true });
  }
}
