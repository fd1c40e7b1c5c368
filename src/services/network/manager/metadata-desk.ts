import type { MetadataHandler } from "../driver/driver.ts";

/** What neutron's metadata agent says where nova's metadata service does not answer. */
const UNAVAILABLE = "The remote metadata server is temporarily unavailable. Please try again later.\n";

/** Who answers what guests ask of 169.254.169.254: a service that is started later, or nobody. */
export class MetadataDesk {
  #handler: MetadataHandler | null = null;

  serve(handler: MetadataHandler): void {
    this.#handler = handler;
  }

  readonly answer: MetadataHandler = (socket, source) => {
    if (this.#handler !== null) return this.#handler(socket, source);
    socket.on("error", () => socket.destroy());
    socket.end(
      `HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: ${UNAVAILABLE.length}\r\nconnection: close\r\n\r\n${UNAVAILABLE}`,
    );
  };
}
