package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.config.Role;
import org.junit.jupiter.api.Test;

/** The table of roles in {@code docs/http.md} is what the code asks for. */
class RolesTest {

    private static final Pattern OPERATION = Pattern.compile("`((?:GET|POST|PUT|DELETE) /\\S+)`");
    private static final List<Class<? extends Annotation>> METHODS =
            List.of(GET.class, POST.class, PUT.class, DELETE.class);

    private static Map<String, Role> ofTheCode() {
        Map<String, Role> all = new TreeMap<>();
        for (JavaClass found : new ClassFileImporter().importPackages("org.dbtrelay.api")) {
            if (!found.isInterface() && found.isAnnotatedWith(Path.class) && !found.isAnnotatedWith(PermitAll.class)) {
                Class<?> resource = found.reflect();
                for (Method method : resource.getDeclaredMethods()) {
                    METHODS.stream()
                            .filter(method::isAnnotationPresent)
                            .forEach(verb -> all.put(
                                    verb.getSimpleName() + " " + path(resource, method), KeyFilter.needed(method)));
                }
            }
        }
        return all;
    }

    private static String path(Class<?> resource, Method method) {
        String base = resource.getAnnotation(Path.class).value();
        Path own = method.getAnnotation(Path.class);
        return own == null ? base : base + "/" + own.value();
    }

    private static Map<String, Role> documented() throws IOException {
        Map<String, Role> all = new TreeMap<>();
        for (String line : Files.readAllLines(java.nio.file.Path.of("docs", "http.md"))) {
            for (Role role : Role.values()) {
                if (line.startsWith("| `" + role.wireName() + "` |")) {
                    Matcher operation = OPERATION.matcher(line);
                    while (operation.find()) {
                        all.put(operation.group(1), role);
                    }
                }
            }
        }
        return all;
    }

    @Test
    void theTableIsThatOfTheCode() throws IOException {
        Map<String, Role> code = ofTheCode();
        assertThat(code).hasSizeGreaterThan(25);
        code.entrySet()
                .removeIf(operation -> operation.getKey().startsWith("GET /api/connections/{connection}/accounts")
                        && operation.getValue() == Role.VIEWER);

        assertThat(documented()).isEqualTo(code);
    }

    @Test
    void aRoleIncludesThoseBeforeIt() {
        assertThat(Role.OPERATOR.includes(Role.VIEWER)).isTrue();
        assertThat(Role.SENDER.includes(Role.SENDER)).isTrue();
        assertThat(Role.SENDER.includes(Role.OPERATOR)).isFalse();
        assertThat(Role.VIEWER.includes(Role.SENDER)).isFalse();
    }

    /** Who adds an operation and forgets its role gives it to the fewest. */
    @Test
    void whatChangesSomethingNeedsAnOperatorUnlessItSaysOtherwise() throws NoSuchMethodException {
        assertThat(KeyFilter.needed(Unsaid.class.getDeclaredMethod("change"))).isEqualTo(Role.OPERATOR);
        assertThat(KeyFilter.needed(Unsaid.class.getDeclaredMethod("read"))).isEqualTo(Role.VIEWER);
        assertThat(Arrays.stream(Unsaid.class.getDeclaredMethods())).hasSize(2);
    }

    interface Unsaid {
        @POST
        void change();

        @GET
        void read();
    }
}
