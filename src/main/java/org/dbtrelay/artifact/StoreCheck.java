package org.dbtrelay.artifact;

import java.util.List;
import org.dbtrelay.config.ArtifactsConfig;
import org.dbtrelay.config.ConfigFault;
import org.dbtrelay.config.StoreKind;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.S3Client;

/** Checks the store of a valid configuration: only the AWS SDK can tell whether there is a region. */
public final class StoreCheck {

    private StoreCheck() {}

    /**
     * All faults; empty if there is none. Nothing is asked of S3. Without a region in the configuration the SDK looks for one,
     * at last at the metadata service of the machine, which takes some seconds where there is none.
     *
     * @param config which {@link org.dbtrelay.config.CheckedConfig} has found no fault in
     */
    public static List<ConfigFault> faults(ArtifactsConfig config) {
        if (config.store() != StoreKind.S3) {
            return List.of();
        }
        try (S3Client _ = S3Store.client(config)) {
            return List.of();
        } catch (SdkClientException e) {
            return List.of(
                    config.region().isEmpty() && config.endpoint().isEmpty()
                            ? new ConfigFault(
                                    "relay.artifacts.region",
                                    "missing, and the AWS SDK finds none either (AWS_REGION, profile, instance);"
                                            + " relay.artifacts.store=s3 needs the bucket's region, such as eu-west-1")
                            : new ConfigFault(
                                    "relay.artifacts.store",
                                    "s3 cannot be used as it is configured: " + e.getMessage()));
        }
    }
}
