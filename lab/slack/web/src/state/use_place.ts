/** The place in the address, as state: links and the phone's back button work by themselves. */

import { useEffect, useState } from "preact/hooks";
import { hashFor, type Place, placeFromHash } from "./route.ts";

export function usePlace(fallback: Place): [Place, (place: Place) => void] {
  const [place, setPlace] = useState(() => placeFromHash(location.hash) ?? fallback);
  useEffect(() => {
    const onHash = (): void => setPlace(placeFromHash(location.hash) ?? fallback);
    window.addEventListener("hashchange", onHash);
    return () => window.removeEventListener("hashchange", onHash);
  }, []);
  return [place, (next) => void (location.hash = hashFor(next))];
}
