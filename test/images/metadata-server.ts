// The metadata service as a guest sees it, in the OpenStack form only. Run by the lab inside its namespace with a file
// of instance data by guest address, and the place of its IPv6 address. A 404 is what a guest without data gets, and what a server without user data gives.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { InstanceData } from "./lab.ts";

const instances = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Record<string, InstanceData>;

const server = () =>
  createServer((request, response) => {
    const instance = instances[request.socket.remoteAddress ?? ""];
    const body =
      request.url === "/openstack/latest/meta_data.json"
        ? JSON.stringify(instance?.metaData)
        : request.url === "/openstack/latest/user_data"
          ? instance?.userData
          : request.url === "/latest/meta-data/public-ipv4"
            ? "172.24.4.10"
            : undefined;
    if (request.method === "POST") {
      request.setEncoding("utf8");
      let text = "";
      request.on("data", (chunk: string) => {
        text += chunk;
      });
      request.on("end", () => response.end(`posted ${text}`));
    } else {
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body ?? "");
    }
  });

server().listen(80, "169.254.169.254");
server().listen(80, process.argv[3]);
