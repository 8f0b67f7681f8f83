package org.dbtrelay.emulator;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The tokens that are good, and for which accounts. A token is sent as {@code Token x} or {@code Bearer x}. */
public final class Access {
    private final Map<String, Set<Long>> tokens = new ConcurrentHashMap<>();
    private final Map<String, Permission> permissions = new ConcurrentHashMap<>();

    Access() {}

    /** Lets {@code token} in, for these accounts only. */
    public void allow(String token, Long... accountIds) {
        tokens.put(token, Set.copyOf(List.of(accountIds)));
    }

    /** What {@code token} may do; without this: all. What it may not is answered 404, as dbt Cloud does. */
    public void limit(String token, Permission permission) {
        permissions.put(token, permission);
    }

    /** From now on {@code token} is answered 401. */
    public void revoke(String token) {
        tokens.remove(token);
    }

    /** Revokes {@code old} and gives its rights to {@code fresh}. */
    public void replace(String old, String fresh) {
        Set<Long> accounts = tokens.remove(old);
        tokens.put(fresh, accounts == null ? Set.of() : accounts);
    }

    /** The tokens that are good, in alphabetical order, each with its accounts. */
    SortedMap<String, Set<Long>> tokens() {
        return new TreeMap<>(tokens);
    }

    /** The accounts that the request's token is for; refused if it is none of ours. */
    Set<Long> check(Request request) {
        Optional<String> token = token(request.headers().get("authorization"));
        Set<Long> accounts = token.map(tokens::get).orElseThrow(Refusal::invalidToken);
        Long account = request.number("account");
        if (account != null && !accounts.contains(account)) {
            throw Refusal.wrongAccount();
        }
        if (!token.map(permissions::get)
                .map(permission -> permission.allows(request.endpoint()))
                .orElse(true)) {
            throw Refusal.notFound();
        }
        return accounts;
    }

    private static Optional<String> token(@Nullable String header) {
        if (header == null) {
            return Optional.empty();
        }
        for (String prefix : List.of("Token ", "Bearer ")) {
            if (header.regionMatches(true, 0, prefix, 0, prefix.length())) {
                return Optional.of(header.substring(prefix.length()).strip());
            }
        }
        return Optional.empty();
    }
}
