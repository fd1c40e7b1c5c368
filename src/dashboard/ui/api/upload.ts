import { ApiProblem, OWN_HEADER } from "./call.ts";

/** Sends a file's bytes to a service, telling how far it is in percent: fetch cannot tell. Errors: ApiProblem. */
export function upload(path: string, file: Blob, progress: (percent: number) => void, method = "PUT"): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, `/dashboard/api/${path}`);
    for (const [name, value] of Object.entries(OWN_HEADER)) request.setRequestHeader(name, value);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(Math.floor((event.loaded / event.total) * 100));
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve();
      else
        reject(
          new ApiProblem(
            request.status,
            request.responseText.replaceAll(/<[^>]*>/g, " ").trim() || request.statusText,
            {
              requestId: request.getResponseHeader("x-openstack-request-id"),
            },
          ),
        );
    });
    request.addEventListener("error", () => reject(new ApiProblem(0, "The cloud does not answer.", {})));
    request.send(file);
  });
}
