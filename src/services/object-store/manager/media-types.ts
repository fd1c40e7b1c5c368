/** What a name's ending says of the bytes, for who does not say it: as Python's mimetypes know it. */
const BY_ENDING: Readonly<Record<string, string>> = {
  avi: "video/x-msvideo", avif: "image/avif", bin: "application/octet-stream", bmp: "image/bmp", bz2: "application/x-bzip2",
  css: "text/css", csv: "text/csv", doc: "application/msword", eml: "message/rfc822", gif: "image/gif", gz: "application/gzip",
  htm: "text/html", html: "text/html", ico: "image/vnd.microsoft.icon", jpeg: "image/jpeg", jpg: "image/jpeg", js: "text/javascript",
  json: "application/json", md: "text/markdown", mjs: "text/javascript", mov: "video/quicktime", mp3: "audio/mpeg", mp4: "video/mp4",
  mpeg: "video/mpeg", pdf: "application/pdf", png: "image/png", ppt: "application/vnd.ms-powerpoint", ps: "application/postscript",
  py: "text/x-python", rtf: "application/rtf", sh: "application/x-sh", svg: "image/svg+xml", tar: "application/x-tar", tif: "image/tiff",
  tiff: "image/tiff", tsv: "text/tab-separated-values", txt: "text/plain", wasm: "application/wasm", wav: "audio/x-wav",
  webm: "video/webm", webp: "image/webp", xls: "application/vnd.ms-excel", xml: "text/xml", zip: "application/zip",
};

export function mediaTypeOf(name: string): string {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return BY_ENDING[ending] ?? "application/octet-stream";
}
