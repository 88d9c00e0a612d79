"""A real test decryption of a backup where it is to be restored: with the keys, and the passphrase, that are there."""

from servers.backups.native.packing import GNUPG
from servers.engines.job_scripts import PRELUDE
from servers.sections import Sections

# Data is the backup's directory. Arguments: GnuPG's home and passphrase file ('' each). Reads the beginning of a file.
# The status lines: https://github.com/gpg/gnupg/blob/master/doc/DETAILS, "Format of the --status-fd output".
DECRYPT = (
    PRELUDE
    + GNUPG
    + r"""
gpg_home=$1 passphrase_file=$2 gpg_as=as_owner
as_owner test -r "$data" ||
  refuse "the backup $data is not there, or $owner may not read it: name a server that has it, or mount it here"
set -- "$data"/*.gpg
if [ ! -f "$1" ]; then echo "@plain"; echo "@done"; exit 0; fi
command -v gpg > /dev/null || refuse "gpg is not installed there"
# A passphrase that gpg-agent still remembers would prove nothing about the file.
[ -z "$passphrase_file" ] ||
  as_owner gpg-connect-agent ${gpg_home:+--homedir "$gpg_home"} --no-autostart reloadagent /bye > /dev/null 2>&1
answer=$({ gnupg --status-fd 3 --decrypt -- "$1" 3>&2 | head -c 65536 | wc -c; } 2>&1)
printf '@output\n%s\n@end\n' "$answer"
echo "@done"
"""
)


def what_is_wrong(found: Sections) -> str | None:
    """Why the backup cannot be decrypted there, naming the keys; None where it can, or is not encrypted."""
    if found.one("plain") is not None:
        return None
    lines = [line.strip() for line in found.blocks.get("output", "").splitlines()]
    if any(line.isdigit() and int(line) > 0 for line in lines):
        return None
    status = [line.removeprefix("[GNUPG:] ").split() for line in lines if line.startswith("[GNUPG:] ")]
    wanted = ", ".join(dict.fromkeys(words[1] for words in status if len(words) > 1 and words[0] == "ENC_TO"))
    said = [line.removeprefix("gpg: ") for line in lines if line.startswith("gpg: ")]
    why = said[-1] if said else "gpg does not say why"
    # gpg 2.2 calls a wrong passphrase "No secret key" too, but has then considered the key, by its fingerprint.
    considered = next((words[1] for words in status if len(words) > 1 and words[0] == "KEY_CONSIDERED"), None)
    if considered is not None:
        return f"the secret key {considered} is there, but not its passphrase, or a wrong one: look at passphrase_file"
    if "No secret key" in why:
        return f"no secret key that it is encrypted to is there: it is encrypted to {wanted}"
    return f"no secret key that is there decrypts it ({why}): it is encrypted to {wanted or 'no key that is known'}"
