import { OpenBytes } from "../bytes/open-bytes.ts";
import type { ApiResponse } from "./route.ts";

const unsent = new WeakMap<Response, OpenBytes>();

/** An answer as the stages of a front make it. Who does not listen (tests) may read its body as a stream. */
export function responseOf(
  raw: NonNullable<ApiResponse["raw"]> | null,
  init: { status: number; headers: Record<string, string> },
): Response {
  if (!(raw instanceof OpenBytes)) return new Response(raw as ConstructorParameters<typeof Response>[0], init);
  const response = new Response(webStream(raw), init);
  unsent.set(response, raw);
  return response;
}

/** The pieces that an answer is to be sent from, by whoever can. */
export const openBytesOf = (response: Response): OpenBytes | undefined => unsent.get(response);

function webStream(bytes: OpenBytes): ReadableStream<Uint8Array> {
  const chunks = bytes.chunks();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done !== true) {
            controller.enqueue(value);
            return;
          }
          await bytes.close();
          controller.close();
        } catch (error) {
          await bytes.close();
          controller.error(error);
        }
      },
      async cancel() {
        await chunks.return(undefined);
        await bytes.close();
      },
    },
    { highWaterMark: 0 },
  );
}
