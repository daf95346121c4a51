export class TextCodec {}
