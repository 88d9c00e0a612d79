/** The whole page: who acts (kept in the address), and that person's session. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { Server } from "./server.ts";
import { Session } from "./session.tsx";
import { addressFor, userFromAddress } from "./state/route.ts";

const RETRY = 1000;

export function Page() {
  const [user, setUser] = useState(() => userFromAddress(location.search));
  const actAs = useCallback((next: string): void => {
    history.replaceState(null, "", addressFor(next, location.hash));
    setUser(next);
  }, []);

  if (!user) return <FirstPerson onChosen={actAs} />;
  // Another person is another session: nothing of the first one's forms or modals may remain.
  return <Session key={user} user={user} onActAs={actAs} />;
}

/** Without a person in the address the server chooses one; from then on the address says whom. */
function FirstPerson({ onChosen }: { onChosen(user: string): void }) {
  useEffect(() => {
    let timer = 0;
    const ask = (): void => {
      new Server("").state().then(
        (state) => onChosen(state.user),
        () => (timer = window.setTimeout(ask, RETRY)),
      );
    };
    ask();
    return () => window.clearTimeout(timer);
  }, [onChosen]);
  return <p class="loading" role="status">Waiting for the practice Slack…</p>;
}
