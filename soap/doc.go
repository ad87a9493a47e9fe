// Package soap speaks Indomaret Payment Point 1.0.14 on the partner's side:
// it reads ReqInquiry, ReqPayment and ReqReversal, verifies their signature,
// and writes ResInquiry, ResPayment, ResReversal or a SOAP Fault.
//
// # One reading
//
// A body is parsed once. What the signature is verified over is the very text
// that is booked, so nothing can be smuggled between two readers that
// disagree about a document. [ReadBody] and [Parse] hold every limit; the
// lenience is deliberate and small:
//
//   - names match whatever their prefix, namespace or case; the message may
//     stand one or two wrapper elements deep;
//   - SOAP 1.1 and 1.2 are answered in kind, an envelope without a namespace
//     by its content type; SOAPAction and the Header, mustUnderstand included,
//     are ignored: no header changes what a message of this protocol means;
//   - elements that the document does not know are ignored and counted, since
//     it gained some in most of its versions.
//
// # Refusals
//
// A [Fault] answers what is no message of ours. A defect inside a message of
// ours is a [FieldError] of that [Message], which the caller turns into
// response code 30. Neither ever carries the text of an inner error.
package soap
