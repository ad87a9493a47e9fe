/*
 * A gSOAP client as a till: client code=… amount=… ref=… store=… product=… key=… time=…
 *
 * It is built by run.sh with the code that wsdl2h and soapcpp2 make of the server's contract; the server's address comes
 * from that contract too. See ../README.md for the arguments and the output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "PaymentPoint.nsmap"
#include "soapH.h"

enum {
	CIPHER_BLOCK = 16,
	KEY_BYTES = 16,
	TEXT_BYTES = 128, /* three fields of at most 20 characters, HHmmss, and the fill */
	TIME_BYTES = 19,  /* yyyy-MM-dd HH:mm:ss */
	MESSAGE_ID_BYTES = 64
};

struct till {
	char *code, *amount, *ref, *store, *product, *key, *time;
	char signature[2 * TEXT_BYTES + 1];
	char message_id[MESSAGE_ID_BYTES];
};

static void die(const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s\n", what, detail);
	exit(EXIT_FAILURE);
}

/* value_of returns what follows name= among the arguments. */
static char *value_of(const char *name, char **words)
{
	size_t length = strlen(name);

	for (; *words != NULL; words++)
		if (strncmp(*words, name, length) == 0 && (*words)[length] == '=')
			return *words + length + 1;
	die("missing argument", name);
	return NULL;
}

static void parse_arguments(struct till *t, char **words)
{
	t->code = value_of("code", words);
	t->amount = value_of("amount", words);
	t->ref = value_of("ref", words);
	t->store = value_of("store", words);
	t->product = value_of("product", words);
	t->key = value_of("key", words);
	t->time = value_of("time", words);
	if (strlen(t->key) != KEY_BYTES)
		die("key", "not 16 bytes long");
	if (strlen(t->time) < TIME_BYTES)
		die("time", "not yyyy-MM-dd HH:mm:ss");
}

/* sign makes the Signature: AES-128-ECB without padding over a text that zeros fill on the left. */
static void sign(struct till *t)
{
	char text[TEXT_BYTES + 1], filled[TEXT_BYTES + 1];
	unsigned char sealed[TEXT_BYTES + CIPHER_BLOCK];
	const char *clock = t->time + strlen("yyyy-MM-dd ");
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int written, length, i;

	length = snprintf(text, sizeof text, "%s%s%s%.2s%.2s%.2s", t->store, t->code, t->ref, clock, clock + 3, clock + 6);
	if (length > TEXT_BYTES - CIPHER_BLOCK)
		die("sign", "the fields are too long");
	written = (length + CIPHER_BLOCK - 1) / CIPHER_BLOCK * CIPHER_BLOCK;
	memset(filled, '0', sizeof filled);
	memcpy(filled + written - length, text, length);

	if (context == NULL ||
	    !EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, (unsigned char *)t->key, NULL) ||
	    !EVP_CIPHER_CTX_set_padding(context, 0) ||
	    !EVP_EncryptUpdate(context, sealed, &length, (unsigned char *)filled, written) || length != written)
		die("sign", "AES-128-ECB failed");
	EVP_CIPHER_CTX_free(context);
	for (i = 0; i < length; i++)
		sprintf(t->signature + 2 * i, "%02X", sealed[i]);
}

/* name_message gives the next exchange a MessageID of its own: the digits of the time and the operation. */
static void name_message(struct till *t, const char *operation)
{
	const char *c;
	size_t n = 0;

	for (c = t->time; *c != '\0' && n < MESSAGE_ID_BYTES / 2; c++)
		if (*c >= '0' && *c <= '9')
			t->message_id[n++] = *c;
	snprintf(t->message_id + n, sizeof t->message_id - n, "%s", operation);
}

/* answered ends the program unless gSOAP took the answer; in strict mode it refuses one that lacks an element. */
static void answered(struct soap *soap, int result, const char *operation)
{
	if (result == SOAP_OK)
		return;
	fprintf(stderr, "%s: ", operation);
	soap_print_fault(soap, stderr);
	exit(EXIT_FAILURE);
}

/* accepted prints the operation's line and ends the program unless the answer is 00 and echoes the request. */
static void accepted(const struct till *t, const char *operation, const char *response_code, const char *receipt,
		     const char *message_id, const char *ref, const char *store)
{
	printf("%s %s%s%s\n", operation, response_code, receipt == NULL ? "" : " ", receipt == NULL ? "" : receipt);
	fflush(stdout);
	if (strcmp(message_id, t->message_id) != 0)
		die("MessageID is not echoed", message_id);
	if (strcmp(ref, t->ref) != 0)
		die("TrackingRef is not echoed", ref);
	if (strcmp(store, t->store) != 0)
		die("StoreID is not echoed", store);
	if (strcmp(response_code, "00") != 0 || (receipt != NULL && *receipt == '\0'))
		die(operation, "refused or without a receipt");
}

static void inquire(struct soap *soap, struct till *t)
{
	struct ReqInquiry request = {0};
	struct ResInquiry answer = {0};

	name_message(t, "Inquiry");
	request.TimeStamp = t->time;
	request.MessageID = t->message_id;
	request.PaymentCode = t->code;
	request.TrackingRef = t->ref;
	request.ProductCode = t->product;
	request.StoreID = t->store;
	request.Signature = t->signature;
	answered(soap, soap_call___ns1__Inquiry(soap, NULL, NULL, &request, &answer), "Inquiry");
	accepted(t, "inquiry", answer.ResponseCode, NULL, answer.MessageID, answer.TrackingRef, answer.StoreID);
}

static void pay(struct soap *soap, struct till *t)
{
	struct ReqPayment request = {0};
	struct ResPayment answer = {0};

	name_message(t, "Payment");
	request.TimeStamp = t->time;
	request.MessageID = t->message_id;
	request.PaymentCode = t->code;
	request.Amount = t->amount;
	request.TrackingRef = t->ref;
	request.ProductCode = t->product;
	request.StoreID = t->store;
	request.Signature = t->signature;
	answered(soap, soap_call___ns1__Payment(soap, NULL, NULL, &request, &answer), "Payment");
	accepted(t, "payment", answer.ResponseCode, answer.ReceiptCode, answer.MessageID, answer.TrackingRef, answer.StoreID);
}

static void reverse(struct soap *soap, struct till *t)
{
	struct ReqReversal request = {0};
	struct ResReversal answer = {0};

	name_message(t, "Reversal");
	request.TimeStamp = t->time;
	request.MessageID = t->message_id;
	request.PaymentCode = t->code;
	request.Amount = t->amount;
	request.TrackingRef = t->ref;
	request.ProductCode = t->product;
	request.StoreID = t->store;
	request.Signature = t->signature;
	answered(soap, soap_call___ns1__Reversal(soap, NULL, NULL, &request, &answer), "Reversal");
	accepted(t, "reversal", answer.ResponseCode, NULL, answer.MessageID, answer.TrackingRef, answer.StoreID);
}

int main(int count, char **words)
{
	struct soap *soap = soap_new1(SOAP_XML_STRICT);
	struct till till = {0};

	(void)count;
	parse_arguments(&till, words + 1);
	sign(&till);
	inquire(soap, &till);
	pay(soap, &till);
	reverse(soap, &till);
	soap_destroy(soap);
	soap_end(soap);
	soap_free(soap);
	return EXIT_SUCCESS;
}
