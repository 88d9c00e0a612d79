/** A file of a message: an image as a picture, anything else as a card to open. */

import { fileUrl } from "../server.ts";
import type { FileInfo } from "../wire/api.ts";

export function FileView({ file }: { file: FileInfo }) {
  const url = fileUrl(file.id);
  const title = file.title || file.name;
  const isImage = file.mimetype?.startsWith("image/") || (!file.mimetype && /\.(png|jpe?g|gif|webp|svg)$/i.test(file.name));
  if (isImage) {
    return (
      <figure class="block-image" data-file-id={file.id}>
        <figcaption>{title}</figcaption>
        <a href={url} target="_blank" rel="noreferrer"><img src={url} alt={title} loading="lazy" /></a>
      </figure>
    );
  }
  return (
    <a class="file" href={url} target="_blank" rel="noreferrer" data-file-id={file.id}>
      <span class="file-icon" aria-hidden="true">{file.name.split(".").at(-1)?.slice(0, 4).toUpperCase()}</span>
      <span>
        <strong>{title}</strong>
        {file.size !== undefined && <small>{size(file.size)}</small>}
      </span>
    </a>
  );
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
