package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code x-kubernetes-validations}: a rule in CEL about a value ({@code self}), and about what it replaces
 * ({@code oldSelf}) if the rule says so.
 *
 * <p>Everything is dynamically typed here, so the compiler finds less than the real API's; the results are the same.
 * The real API also refuses rules that could get expensive; this one does not.
 */
record CelRule(
        String rule,
        String message,
        @Nullable Program messageProgram,
        String fieldPath,
        String reason,
        boolean isTransition,
        boolean optionalOldSelf,
        Program program) {
    private static final Pattern OLD_SELF = Pattern.compile("\\boldSelf\\b");
    private static final Cel CEL = environment(SimpleType.DYN);
    private static final Cel CEL_WITH_OPTIONAL_OLD_SELF = environment(OptionalType.create(SimpleType.DYN));

    /** Compiles the rules of one schema node. A rule that does not compile makes the definition invalid. */
    static List<CelRule> of(JsonNode validations) {
        var rules = new ArrayList<CelRule>();
        validations.forEach(json -> rules.add(of(json, json.path("rule").asText())));
        return rules;
    }

    private static CelRule of(JsonNode json, String rule) {
        var optional = json.path("optionalOldSelf").asBoolean();
        var cel = optional ? CEL_WITH_OPTIONAL_OLD_SELF : CEL;
        return new CelRule(
                rule,
                json.path("message").asText("failed rule: " + rule.strip()),
                json.has("messageExpression")
                        ? compile(cel, json.path("messageExpression").asText())
                        : null,
                json.path("fieldPath").asText("").replaceFirst("^\\.", ""),
                json.path("reason").asText("FieldValueInvalid"),
                OLD_SELF.matcher(rule).find(),
                optional,
                compile(cel, rule));
    }

    private static Cel environment(CelType oldSelf) {
        return CelFactory.standardCelBuilder()
                .setOptions(CelOptions.current().build())
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                .addCompilerLibraries(
                        CelExtensions.strings(),
                        CelExtensions.lists(),
                        CelExtensions.optional(),
                        CelExtensions.sets(CelOptions.DEFAULT))
                .addRuntimeLibraries(
                        CelExtensions.strings(),
                        CelExtensions.lists(),
                        CelExtensions.optional(),
                        CelExtensions.sets(CelOptions.DEFAULT))
                .addVar("self", SimpleType.DYN)
                .addVar("oldSelf", oldSelf)
                .build();
    }

    private static Program compile(Cel cel, String expression) {
        try {
            return cel.createProgram(cel.compile(expression).getAst());
        } catch (CelValidationException | CelEvaluationException e) {
            throw ApiError.badRequest("compilation failed: %s: %s".formatted(expression, e.getMessage()));
        }
    }

    /** What is wrong with the value; empty if the rule holds or does not apply (a transition needs something to start from). */
    Optional<String> check(JsonNode value, @Nullable JsonNode old, StructuralSchema schema) {
        if (isTransition && old == null && !optionalOldSelf) {
            return Optional.empty();
        }
        var variables = new HashMap<String, Object>();
        variables.put("self", CelValues.of(value, schema));
        if (optionalOldSelf) {
            variables.put("oldSelf", Optional.ofNullable(old).map(o -> CelValues.of(o, schema)));
        } else if (old != null) {
            variables.put("oldSelf", CelValues.of(old, schema));
        }
        try {
            return Boolean.TRUE.equals(program.eval(variables)) ? Optional.empty() : Optional.of(message(variables));
        } catch (CelEvaluationException e) {
            return Optional.of("rule \"%s\" evaluation error: %s".formatted(rule, e.getMessage()));
        }
    }

    private String message(Map<String, Object> variables) {
        if (messageProgram == null) {
            return message;
        }
        try {
            return String.valueOf(messageProgram.eval(variables));
        } catch (CelEvaluationException e) {
            return message;
        }
    }

    /** The message as the API words it for the reason of this rule. */
    String describe(String valueType, String text) {
        return switch (reason) {
            case "FieldValueForbidden" -> "Forbidden: " + text;
            case "FieldValueRequired" -> "Required value: " + text;
            case "FieldValueDuplicate" -> "Duplicate value: \"%s\": %s".formatted(valueType, text);
            default -> "Invalid value: \"%s\": %s".formatted(valueType, text);
        };
    }
}
