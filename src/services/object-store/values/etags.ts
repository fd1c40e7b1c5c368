/** Whether an object was put in parts over S3: its etag is the md5 of theirs and how many there are. Over Swift it is a large object. */
export const isJoined = ({ etag }: { etag: string }): boolean => /^[0-9a-f]{32}-\d+$/.test(etag);
