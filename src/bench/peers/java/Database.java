import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.util.Map;

/** The database of the environment: PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD. */
final class Database {
    private static final Map<String, String> ENVIRONMENT = System.getenv();

    private Database() {}

    static HikariDataSource open() {
        var config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://%s:%s/%s"
                .formatted(ENVIRONMENT.get("PGHOST"), ENVIRONMENT.get("PGPORT"), ENVIRONMENT.get("PGDATABASE")));
        config.setUsername(ENVIRONMENT.get("PGUSER"));
        config.setPassword(ENVIRONMENT.get("PGPASSWORD"));
        config.setMaximumPoolSize(5);
        return new HikariDataSource(config);
    }

    static void execute(HikariDataSource database, String statement) throws SQLException {
        try (var connection = database.getConnection();
                var prepared = connection.prepareStatement(statement)) {
            prepared.execute();
        }
    }

    /** What each job does. */
    static void insertEffect(HikariDataSource database) throws SQLException {
        execute(database, "INSERT INTO public.effect (v) VALUES (1)");
    }
}
