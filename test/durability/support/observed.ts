import { Database, type Statement } from "../../../src/kernel/db/database.ts";

/** A database that tells of every write: of whole transactions, and of single statements outside of them. */
export abstract class ObservedDatabase extends Database {
  protected beforeTransaction(): void {}
  /** All but the disk has agreed; what this throws rolls the transaction back. Not told of one that only read. */
  protected beforeCommit(): void {}
  protected afterTransaction(): void {}
  protected beforeStatement(): void {}
  protected afterStatement(): void {}

  override transaction<T>(body: () => T extends Promise<unknown> ? never : T): T {
    if (this.inTransaction) return super.transaction(body);
    this.beforeTransaction();
    return super.transaction((() => {
      // The first of what runs after the commit.
      this.afterCommit(() => this.afterTransaction());
      const before = this.totalChanges;
      const result = body();
      if (this.totalChanges > before) this.beforeCommit();
      return result;
    }) as typeof body);
  }

  override prepare<Params extends unknown[] | object = unknown[], Row = unknown>(sql: string): Statement<Params, Row> {
    const statement = super.prepare<Params, Row>(sql);
    if (!/^\s*(INSERT|UPDATE|DELETE)/i.test(sql)) return statement;
    return new Proxy(statement, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const alone = property === "run" && !this.inTransaction;
          if (alone) this.beforeStatement();
          const result: unknown = Reflect.apply(value, target, args);
          if (alone) this.afterStatement();
          return result;
        };
      },
    });
  }
}
