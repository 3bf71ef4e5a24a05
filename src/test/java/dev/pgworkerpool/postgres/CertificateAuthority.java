package dev.pgworkerpool.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Signs the certificates of servers, with the JDK's keytool. Its files are in a folder of its own. */
public final class CertificateAuthority {
    private static final char[] STORE_PASSWORD = "changeit".toCharArray();

    private final Path folder;

    private CertificateAuthority(Path folder) {
        this.folder = folder;
    }

    public static CertificateAuthority create(Path folder) throws Exception {
        var authority = new CertificateAuthority(Files.createDirectories(folder.toAbsolutePath()));
        authority.generate("ca", "bc:c");
        Files.writeString(
                authority.file(), pem("CERTIFICATE", authority.certificate("ca").getEncoded()));
        return authority;
    }

    /** Its own certificate, for those who trust it. */
    public Path file() {
        return folder.resolve("ca.crt");
    }

    /** Settings of a server that has a certificate for this name only, such as {@code dns:db} or {@code ip:127.0.0.1}. */
    public Map<String, String> serverSettings(String name) throws Exception {
        generate("server", "san=" + name, "-signer", "ca");
        var certificate = folder.resolve("server.crt");
        Files.writeString(certificate, pem("CERTIFICATE", certificate("server").getEncoded()));
        // PostgreSQL refuses a key that others may read.
        var key = Files.createFile(
                folder.resolve("server.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, pem("PRIVATE KEY", key("server").getEncoded()));
        return Map.of("ssl", "on", "ssl_cert_file", certificate.toString(), "ssl_key_file", key.toString());
    }

    private void generate(String alias, String extension, String... options) throws Exception {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                folder.resolve("store.p12").toString(),
                "-storepass",
                new String(STORE_PASSWORD),
                "-keyalg",
                "EC",
                "-alias",
                alias,
                "-dname",
                "CN=" + alias,
                "-ext",
                extension));
        command.addAll(List.of(options));
        var log = folder.resolve("keytool.log").toFile();
        var keytool = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            throw new IllegalStateException("keytool failed, see " + log);
        }
    }

    private Certificate certificate(String alias) throws GeneralSecurityException, IOException {
        return store().getCertificate(alias);
    }

    private Key key(String alias) throws GeneralSecurityException, IOException {
        return store().getKey(alias, STORE_PASSWORD);
    }

    private KeyStore store() throws GeneralSecurityException, IOException {
        return KeyStore.getInstance(folder.resolve("store.p12").toFile(), STORE_PASSWORD);
    }

    private static String pem(String what, byte[] der) {
        return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
                .formatted(what, Base64.getMimeEncoder().encodeToString(der));
    }
}
