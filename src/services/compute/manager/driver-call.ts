import { conflict, notImplemented } from "../../../kernel/errors.ts";
import { DriverError } from "../driver/driver.ts";

/** Turns the driver's errors into the API's: 409 for a guest that is not there, 501 for what cannot be done. */
export async function driverCall<T>(serverId: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    if (error.code === "unsupported") throw notImplemented("The requested functionality is not supported.");
    if (error.code === "not-found" || error.code === "not-running") throw conflict(`Instance ${serverId} is not ready`);
    throw error;
  }
}

/** The guest did not do in time what it was asked to; it may yet. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DriverError && error.code === "timeout";
}
