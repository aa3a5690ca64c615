// The original beside ours: Apache Velocity 1.7 and Jayway JsonPath answer the
// cases that come in, one JSON object a line, one answer a line.
//
// A template case has "t" (the template) and perhaps "b" (the body), "c"
// ($context), "s" (stage variables) and "p" (parameters by place). A path case
// has "path" and "b". Answers are {"out": text}, {"out": null} where a path
// finds nothing, or {"error": text}.
//
// What API Gateway adds to Velocity is modelled after the project's notes: its
// objects ($input, $util, $context, $stageVariables), members that are not
// there print as nothing and are false, JSON lists print as JSON.
import java.io.*;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.*;
import net.minidev.json.JSONArray;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import org.apache.commons.lang.StringEscapeUtils;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.event.EventCartridge;
import org.apache.velocity.app.event.InvalidReferenceEventHandler;
import org.apache.velocity.context.Context;
import org.apache.velocity.runtime.RuntimeInstance;
import org.apache.velocity.runtime.log.NullLogChute;
import org.apache.velocity.util.introspection.Info;
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;

public class Oracle {
    /** A map that came with the request: what it lacks prints as nothing. */
    public static class DataMap extends LinkedHashMap<String, Object> { }

    /** What is not there: prints as nothing, is false, has no members. */
    public static class Absent {
        public static final Absent IT = new Absent();
        public Object get(String name) { return this; }
        public boolean isEmpty() { return true; }
        public int length() { return 0; }
        @Override public String toString() {
            boolean asked = StackWalker.getInstance().walk(frames -> frames.skip(1).findFirst()
                .map(f -> f.getClassName().endsWith("ASTReference") && f.getMethodName().equals("evaluate"))
                .orElse(false));
            return asked ? null : "";
        }
    }

    static Object data(Object value) {
        if (value instanceof Map) {
            DataMap map = new DataMap();
            ((Map<?, ?>) value).forEach((k, v) -> map.put(String.valueOf(k), data(v)));
            return map;
        }
        if (value instanceof List) {
            JSONArray list = new JSONArray();
            for (Object item : (List<?>) value) list.add(data(item));
            return list;
        }
        return value;
    }

    static Object parse(String text) {
        return data(Configuration.defaultConfiguration().jsonProvider().parse(text));
    }

    public static class Input {
        private final String body;
        private final Map<?, ?> params;
        private Object document;
        Input(String body, Map<?, ?> params) {
            this.body = body.isEmpty() ? "{}" : body;
            this.params = params;
        }
        public String getBody() { return body; }
        public Object path(String path) {
            if (document == null) document = parse(body);
            try {
                return JsonPath.read(document, path);
            } catch (PathNotFoundException missing) {
                return null;
            }
        }
        public String json(String path) {
            if (document == null) document = parse(body);
            try {
                Object found = JsonPath.read(document, path);
                return JSONValue.toJSONString(found, JSONStyle.LT_COMPRESS);
            } catch (PathNotFoundException missing) {
                return "\"\"";
            }
        }
        public Object params() { return params; }
        public Object params(String name) {
            for (String place : new String[] {"path", "querystring", "header"}) {
                Object found = ((Map<?, ?>) params.get(place)).get(name);
                if (found != null) return found;
            }
            return "";
        }
    }

    public static class Util {
        public String escapeJavaScript(Object text) { return StringEscapeUtils.escapeJavaScript(text.toString()); }
        public Object parseJson(String text) { return parse(text); }
        public String urlEncode(Object text) { return URLEncoder.encode(text.toString(), StandardCharsets.UTF_8); }
        public String urlDecode(Object text) { return URLDecoder.decode(text.toString(), StandardCharsets.UTF_8); }
        public String base64Encode(Object text) {
            return Base64.getEncoder().encodeToString(text.toString().getBytes(StandardCharsets.UTF_8));
        }
        public String base64Decode(Object text) {
            return new String(Base64.getDecoder().decode(text.toString()), StandardCharsets.UTF_8);
        }
    }

    /** Nulls below the gateway's own objects and below data are absent. */
    public static class Missing implements InvalidReferenceEventHandler {
        private static final Set<String> OURS = Set.of("input", "util", "context", "stageVariables");
        private static Object absent(String reference, Object holder) {
            String root = reference.replaceAll("^[$!{]*", "").replaceAll("[^A-Za-z0-9_-].*$", "");
            boolean member = holder != null;
            boolean ours = member && OURS.contains(root);
            boolean data = holder instanceof DataMap || holder instanceof JSONArray || holder instanceof Absent;
            return ours || data ? Absent.IT : null;
        }
        public Object invalidGetMethod(Context c, String reference, Object object, String property, Info info) {
            return absent(reference, object);
        }
        public boolean invalidSetMethod(Context c, String left, String right, Info info) { return false; }
        public Object invalidMethod(Context c, String reference, Object object, String method, Info info) {
            return absent(reference, object);
        }
    }

    static Object part(Map<?, ?> one, String name) {
        Object value = one.get(name);
        return value == null ? new DataMap() : data(value);
    }

    static String template(Map<?, ?> one) throws Exception {
        RuntimeInstance engine = new RuntimeInstance();
        engine.setProperty("runtime.log.logsystem", new NullLogChute());
        engine.setProperty("velocimacro.library", "");
        engine.init();
        VelocityContext context = new VelocityContext();
        EventCartridge events = new EventCartridge();
        events.addEventHandler(new Missing());
        events.attachToContext(context);
        DataMap params = (DataMap) part(one, "p");
        DataMap ordered = new DataMap();
        for (String place : new String[] {"path", "querystring", "header"}) {
            ordered.put(place, params.get(place) == null ? new DataMap() : params.get(place));
        }
        DataMap own = (DataMap) part(one, "c");
        DataMap request = new DataMap();
        request.put("header", new DataMap());
        request.put("path", new DataMap());
        request.put("querystring", new DataMap());
        own.put("requestOverride", request);
        DataMap response = new DataMap();
        response.put("header", new DataMap());
        own.put("responseOverride", response);
        Object body = one.get("b");
        context.put("input", new Input(body == null ? "" : body.toString(), ordered));
        context.put("util", new Util());
        context.put("context", own);
        context.put("stageVariables", part(one, "s"));
        StringWriter out = new StringWriter();
        engine.evaluate(context, out, "case", new StringReader(one.get("t").toString()));
        return out.toString();
    }

    static String path(Map<?, ?> one) {
        try {
            Object found = JsonPath.read(one.get("b").toString(), one.get("path").toString());
            return JSONValue.toJSONString(found, JSONStyle.LT_COMPRESS);
        } catch (PathNotFoundException missing) {
            return null;
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        for (String line; (line = in.readLine()) != null; ) {
            Map<?, ?> one = (Map<?, ?>) parse(line);
            Map<String, Object> answer = new LinkedHashMap<>();
            try {
                answer.put("out", one.get("path") != null ? path(one) : template(one));
            } catch (Throwable error) {
                answer.put("error", String.valueOf(error));
            }
            out.println(JSONValue.toJSONString(answer));
        }
        out.flush();
    }
}
