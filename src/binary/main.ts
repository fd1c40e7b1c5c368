/**
 * Where the single executable starts. It is also the helper that opens sockets in other network namespaces, for which a
 * checkout has a file of its own (src/host/net/listen.ts); asked first, since that is to be quick.
 */
if (process.argv[2] === "listen-helper") void import("../host/net/listen-helper.ts");
else void import("../cli/main.ts");
