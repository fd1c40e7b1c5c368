// Writes rows and acknowledges each by a message to its parent, until it is killed (test/kernel/database.test.ts).
import { Database } from "../../src/kernel/db/database.ts";

const db = new Database({ path: process.argv[2] ?? "" });
// So much that the log comes into the database again and again meanwhile.
const bytes = Buffer.alloc(50_000);
db.exec("CREATE TABLE IF NOT EXISTS t (n INTEGER, bytes BLOB)");
for (let n = 0; process.connected; n += 1) {
  db.transaction(() => db.prepare("INSERT INTO t VALUES (?, ?)").run(n, bytes));
  await db.durable();
  process.send?.(n);
}
