package orders;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests a {@link Strongroom} as a parameter: one server for all tests of a run, started with the first that asks. */
public final class StrongroomExtension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == Strongroom.class;
    }

    @Override
    public Strongroom resolveParameter(ParameterContext parameter, ExtensionContext test) {
        // JUnit closes what its root's store has when the run ends.
        return test.getRoot().getStore(Namespace.create(Strongroom.class))
                .getOrComputeIfAbsent(Strongroom.class, key -> start(), Strongroom.class);
    }

    private static Strongroom start() {
        try {
            return new Strongroom();
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }
}
