"""zeep as a till: client.py WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…

See ../README.md for the arguments and the output. Debian packages: python3-zeep python3-cryptography.
"""

import re
import sys

import zeep
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from zeep.helpers import serialize_object
from zeep.plugins import HistoryPlugin

ARGUMENTS = ("code", "amount", "ref", "store", "product", "key", "time")
CIPHER_BLOCK = 16


def arguments(words):
    """Turn name=value words into a dictionary."""
    values = dict(word.split("=", 1) for word in words)
    missing = [name for name in ARGUMENTS if name not in values]
    if missing:
        raise ValueError(f"missing arguments: {', '.join(missing)}")
    return values


def sign(a):
    """Make the Signature: AES-128-ECB without padding over a text that zeros fill on the left."""
    text = a["store"] + a["code"] + a["ref"] + a["time"][11:19].replace(":", "")
    text = text.rjust(-(-len(text) // CIPHER_BLOCK) * CIPHER_BLOCK, "0")
    encryptor = Cipher(algorithms.AES(a["key"].encode("ascii")), modes.ECB()).encryptor()
    return (encryptor.update(text.encode("ascii")) + encryptor.finalize()).hex().upper()


def call(client, history, operation, request):
    """Do one operation, print its line and refuse an answer that is incomplete or not 00."""
    answer = serialize_object(client.service[operation](**request))
    print(" ".join(filter(None, (operation.lower(), answer["ResponseCode"], answer.get("ReceiptCode")))), flush=True)

    # zeep answers None both for an empty and for an absent element, so presence is read off the envelope.
    message = history.last_received["envelope"].find(f".//Res{operation}")
    present = [element.tag for element in message]
    if present != list(answer):
        raise ValueError(f"{operation}: the answer holds {present}, the contract {list(answer)}")
    for name in ("MessageID", "TrackingRef", "StoreID"):
        if answer[name] != request[name]:
            raise ValueError(f"{operation}: {name} is not echoed: {answer[name]}")
    if answer["ResponseCode"] != "00" or answer.get("ReceiptCode", "none due") is None:
        raise ValueError(f"{operation}: refused or without a receipt")


def main(url, words):
    """Do the three operations against the server whose contract is at url."""
    a = arguments(words)
    history = HistoryPlugin()
    client = zeep.Client(url, plugins=[history])
    for operation in ("Inquiry", "Payment", "Reversal"):
        request = {
            "TimeStamp": a["time"],
            "MessageID": re.sub(r"\D", "", a["time"]) + operation,
            "PaymentCode": a["code"],
            "TrackingRef": a["ref"],
            "ProductCode": a["product"],
            "StoreID": a["store"],
            "Signature": sign(a),
        }
        if operation != "Inquiry":
            request["Amount"] = a["amount"]
        call(client, history, operation, request)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
