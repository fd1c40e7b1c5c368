/** An answer that a test looks into without knowing its shape. */
// biome-ignore lint/suspicious/noExplicitAny: that is what it is for
export type Json = any;
