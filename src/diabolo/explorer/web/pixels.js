export class PictureCodec {}
