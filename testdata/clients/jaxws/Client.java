import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import paymentpoint.PaymentPoint;
import paymentpoint.PaymentPoint_Service;
import paymentpoint.ReqInquiry;
import paymentpoint.ReqPayment;
import paymentpoint.ReqReversal;
import paymentpoint.ResPayment;

/**
 * JAX-WS as a till: Client WSDL-URL code=… amount=… ref=… store=… product=… key=… time=…
 *
 * <p>It is built by run.sh with the classes that wsimport makes of the server's contract. See ../README.md for the
 * arguments and the output.
 */
public final class Client {
    private static final int CIPHER_BLOCK = 16;

    public static void main(String[] words) throws Exception {
        Map<String, String> a = arguments(words);
        PaymentPoint partner = new PaymentPoint_Service(URI.create(words[0]).toURL()).getPaymentPoint();
        check("inquiry", a, partner.inquiry(fill(new ReqInquiry(), a, "Inquiry")));
        check("payment", a, partner.payment(fill(new ReqPayment(), a, "Payment")));
        check("reversal", a, partner.reversal(fill(new ReqReversal(), a, "Reversal")));
    }

    /** Turns name=value words into a map. */
    private static Map<String, String> arguments(String[] words) {
        Map<String, String> values = new HashMap<>();
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            values.put(pair[0], pair[1]);
        }
        for (String name : List.of("code", "amount", "ref", "store", "product", "key", "time")) {
            if (!values.containsKey(name)) {
                throw new IllegalArgumentException("argument " + name + "=… is missing");
            }
        }
        return values;
    }

    /** Makes the Signature: AES-128-ECB without padding over a text that zeros fill on the left. */
    private static String sign(Map<String, String> a) throws Exception {
        String text = a.get("store") + a.get("code") + a.get("ref") + a.get("time").substring(11, 19).replace(":", "");
        text = "0".repeat(Math.floorMod(-text.length(), CIPHER_BLOCK)) + text;
        Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(a.get("key").getBytes(StandardCharsets.US_ASCII), "AES"));
        StringBuilder hex = new StringBuilder();
        for (byte sealed : cipher.doFinal(text.getBytes(StandardCharsets.US_ASCII))) {
            hex.append(String.format("%02X", sealed));
        }
        return hex.toString();
    }

    /** Sets the elements of a request; the generated classes share no interface, so by reflection. */
    private static <T> T fill(T request, Map<String, String> a, String operation) throws Exception {
        set(request, "TimeStamp", a.get("time"));
        set(request, "MessageID", a.get("time").replaceAll("\\D", "") + operation);
        set(request, "PaymentCode", a.get("code"));
        if (!(request instanceof ReqInquiry)) {
            set(request, "Amount", a.get("amount"));
        }
        set(request, "TrackingRef", a.get("ref"));
        set(request, "ProductCode", a.get("product"));
        set(request, "StoreID", a.get("store"));
        set(request, "Signature", sign(a));
        return request;
    }

    private static void set(Object message, String element, String value) throws Exception {
        message.getClass().getMethod("set" + element, String.class).invoke(message, value);
    }

    private static String get(Object message, String element) throws Exception {
        return (String) message.getClass().getMethod("get" + element).invoke(message);
    }

    /** Prints the operation's line and refuses an answer that is incomplete, not 00 or of another request. */
    private static void check(String operation, Map<String, String> a, Object answer) throws Exception {
        String receipt = answer instanceof ResPayment ? get(answer, "ReceiptCode") : null;
        System.out.println((operation + " " + get(answer, "ResponseCode") + (receipt == null ? "" : " " + receipt)).trim());

        List<String> missing = new ArrayList<>();
        for (Method getter : answer.getClass().getDeclaredMethods()) {
            if (getter.getName().startsWith("get") && getter.invoke(answer) == null) {
                missing.add(getter.getName().substring("get".length()));
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException(operation + ": the answer lacks " + missing);
        }
        if (!get(answer, "TrackingRef").equals(a.get("ref")) || !get(answer, "StoreID").equals(a.get("store"))
                || !get(answer, "MessageID").toLowerCase().endsWith(operation)) {
            throw new IllegalStateException(operation + ": the answer echoes another request");
        }
        if (!get(answer, "ResponseCode").equals("00") || "".equals(receipt)) {
            throw new IllegalStateException(operation + ": refused or without a receipt");
        }
    }
}
