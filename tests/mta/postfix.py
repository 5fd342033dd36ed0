"""A Postfix of our own: a process in a folder, on 127.0.0.1 alone, that relays to one port."""

import asyncio
import grp
import os
import pwd
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded.child import Child
from deploy.embedded.mail import REFUSED
from tests.certificates import certificate

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "saved")
KNOWN, LATER, BLOCKED = "lea@example.org", "later@example.org", "blocked@example.org"
"""A mailbox, one that is asked for again, and one that a policy keeps from us."""
GONE = f"gone{REFUSED}"
"""One that Postfix takes letters for, and that the next server refuses."""
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {conf}
import_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
myhostname = mta.chorale.example
mydestination =
local_recipient_maps =
alias_maps =
relay_domains = example.org, refused.example.org
relay_recipient_maps = texthash:{folder}/recipients
relay_transport = smtp:[127.0.0.1]:{relay}
default_transport = smtp:[127.0.0.1]:{relay}
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_received_header = yes
smtp_dns_support_level = disabled
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def root() -> Path | None:
    """Where Postfix is: ``/``, or the folder that its Debian package was unpacked into."""
    places = [Path(os.environ.get("CHORALE_POSTFIX", "/"))]
    return next((one for one in places if (one / "usr/lib/postfix/sbin/master").exists()), None)


@dataclass(slots=True)
class Postfix:
    folder: Path
    port: int
    relay: int
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        where = root()
        if where is None:
            raise RuntimeError("There is no Postfix: apt install postfix, or CHORALE_POSTFIX")
        conf = self.folder / "conf"
        self._write(where, conf)
        self.child = Child(
            "postfix",
            (str(where / "usr/lib/postfix/sbin/master"), "-c", str(conf), "-d"),
            log_file=self.folder / "master.log",
            ready=self._greeted,
            env={"LD_LIBRARY_PATH": str(where / "usr/lib/postfix"), "MAIL_CONFIG": str(conf)},
        )

    @property
    def log(self) -> str:
        written = self.folder / "mail.log"
        return written.read_text() if written.exists() else ""

    def _write(self, where: Path, conf: Path) -> None:
        owner = "postfix" if _has_user("postfix") else "daemon"
        group = "postdrop" if _has_group("postdrop") else "utmp"
        conf.mkdir(exist_ok=True)
        words = {"folder": self.folder, "root": str(where).rstrip("/"), "conf": conf}
        main = MAIN.format(**words, owner=owner, group=group, relay=self.relay)
        (conf / "main.cf").write_text(main)
        (conf / "master.cf").write_text(MASTER.format(port=self.port))
        (self.folder / "recipients").write_text(
            "".join(f"{one} ok\n" for one in (KNOWN, LATER, BLOCKED, GONE))
        )
        refusals = f"{LATER} 450 4.2.1 Later\n{BLOCKED} 550 5.7.1 Not from you\n"
        (self.folder / "access").write_text(refusals)
        certificate(self.folder)
        queue = self.folder / "queue"
        for name in (*QUEUES, "private", "trace"):
            self._made(queue / name, owner, 0o700)
        self._made(queue / "public", owner, 0o710, group)
        self._made(queue / "maildrop", owner, 0o730, group)
        self._made(self.folder / "data", owner, 0o700)
        (queue / "pid").mkdir(parents=True, exist_ok=True)

    def _made(self, folder: Path, owner: str, mode: int, group: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.chown(folder, owner, group)
        folder.chmod(mode)

    async def _greeted(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            greeting = await reader.readline()
            writer.close()
            if greeting.startswith(b"220"):
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def a_postfix(folder: Path, port: int, relay: int) -> AsyncIterator[Postfix]:
    """``relay``: the port on 127.0.0.1 to which it brings what it has taken."""
    # Its processes are other users: they must come as far as this.
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.getuid() and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o111)
    made = Postfix(folder, port, relay)
    try:
        await made.child.spawn()
        await made.child.until_ready()
        yield made
    finally:
        await made.child.stop()


def _has_user(name: str) -> bool:
    return any(one.pw_name == name for one in pwd.getpwall())


def _has_group(name: str) -> bool:
    return any(one.gr_name == name for one in grp.getgrall())
