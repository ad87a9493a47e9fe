"""A mail server for tests: aiosmtpd with TLS, a login and a Maildir.

Prints its port, and ends with its standard input.
  smtpd.py SECURITY CERTIFICATE KEY MAILDIR
SECURITY is starttls, tls, or none for a server without TLS.
"""
import asyncio
import mailbox
import resource
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"paypoint", b"mail secret"
# Bytes that a mailbox file can have; more is a full disk.
ROOM = 400_000


class Handler:
    def __init__(self, maildir):
        self.maildir = mailbox.Maildir(maildir)
        self.lost = self.hasty = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("stranger@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        head = b"X-To: " + ",".join(envelope.rcpt_tos).encode() + b"\r\n"
        head += b"X-TLS: " + (b"yes" if server.transport.get_extra_info("ssl_object") else b"no") + b"\r\n"
        try:
            self.maildir.add(head + envelope.original_content)
        except OSError:
            return "452 4.3.1 no space left"
        if "lost@example.com" in envelope.rcpt_tos and not self.lost:
            # Taken, but the answer never comes.
            self.lost = True
            server.transport.abort()
        self.hasty = "hasty@example.com" in envelope.rcpt_tos
        return "250 2.0.0 taken"

    async def handle_RSET(self, server, session, envelope):
        if self.hasty:
            server.transport.abort()
        return "250 2.0.0 OK"


def login(server, session, envelope, mechanism, data):
    # Not handled here: aiosmtpd answers by itself.
    return AuthResult(success=(data.login, data.password) == (USER, PASSWORD), handled=False)


async def main(security, certificate, key, maildir):
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    handler, tls = Handler(maildir), None
    if security != "none":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
    # With TLS from the first byte aiosmtpd knows of none, so it can't require it.
    outer = tls if security == "tls" else None
    inner = tls if security == "starttls" else None

    def serve():
        return SMTP(handler, hostname="mail.example.com", tls_context=inner, require_starttls=inner is not None,
                    authenticator=login, auth_required=True, auth_require_tls=inner is not None)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=outer)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
