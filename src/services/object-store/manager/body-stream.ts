/** As the body of an answer; `done` runs once, when it was read, was broken off or failed. */
export function bodyStream(chunks: AsyncGenerator<Uint8Array>, done: () => Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done: ended, value } = await chunks.next();
          if (!ended) {
            controller.enqueue(value);
            return;
          }
          await done();
          controller.close();
        } catch (error) {
          await done();
          controller.error(error);
        }
      },
      async cancel() {
        await chunks.return(undefined);
        await done();
      },
    },
    { highWaterMark: 1 },
  );
}
