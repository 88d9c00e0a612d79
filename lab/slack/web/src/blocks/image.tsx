/** Images: stored files and data of this server only. An image on another host is named, never fetched. */

import { fileUrl } from "../server.ts";
import { PlainText } from "../text/mrkdwn_view.tsx";
import type { SlackFile, TextObject } from "../wire/blocks.ts";

interface ImageProps {
  source: { image_url?: string; slack_file?: SlackFile };
  alt: string;
  title?: TextObject | undefined;
}

export function BlockImage({ source, alt, title }: ImageProps) {
  const url = localUrl(source);
  return (
    <figure class="block-image">
      {title && <figcaption><PlainText text={title} /></figcaption>}
      {url ? (
        <a href={url} target="_blank" rel="noreferrer"><img src={url} alt={alt} loading="lazy" /></a>
      ) : (
        <p class="not-loaded">Image not loaded from another host: {alt || source.image_url}</p>
      )}
    </figure>
  );
}

export function InlineImage({ source, alt }: { source: ImageProps["source"]; alt: string }) {
  const url = localUrl(source);
  return url ? <img class="inline-image" src={url} alt={alt} title={alt} /> : <span class="not-loaded">[{alt}]</span>;
}

export function localUrl({ image_url: image, slack_file: file }: ImageProps["source"]): string | null {
  if (file?.id) return fileUrl(file.id);
  const address = file?.url ?? image;
  if (!address) return null;
  if (address.startsWith("data:image/")) return address;
  const stored = /\/practice\/file\/([^/?#]+)$|\/files\/[^/]+\/([^/?#]+)$/.exec(address);
  const id = stored?.[1] ?? stored?.[2];
  if (id) return fileUrl(decodeURIComponent(id));
  return new URL(address, location.href).origin === location.origin ? address : null;
}
