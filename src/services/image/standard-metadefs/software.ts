import type { PropertyType } from "../store/metadefs.ts";
import { about, imageAndItsVolumes, SERVER, type StandardNamespace, text, whole } from "./words.ts";

const port = (title: string, value: string) =>
  whole(title, "Port on which it listens.", { minimum: 1, maximum: 65535, default: value });
const version = text("Version", "Its version.");
const software = (name: string, properties: Readonly<Record<string, PropertyType>>) => ({
  name,
  description: null,
  required: [],
  properties,
});
const database = (name: string, key: string, listens: string, admin: string | null) =>
  software(name, {
    [`sw_database_${key}_version`]: version,
    [`sw_database_${key}_listen_port`]: port("Listen Port", listens),
    [`sw_database_${key}_admin`]: text("Admin User", "Who administers it.", admin === null ? {} : { default: admin }),
  });
const webServer = (name: string, key: string) =>
  software(name, {
    [`sw_webserver_${key}_version`]: version,
    [`sw_webserver_${key}_http_port`]: port("HTTP Port", "80"),
    [`sw_webserver_${key}_https_port`]: port("HTTPS Port", "443"),
  });
const onImagesAndServers = [...imageAndItsVolumes(), about(SERVER, null, "metadata")];

export const softwareNamespaces: StandardNamespace[] = [
  {
    namespace: "OS::Software::DBMS",
    display_name: "Database Software",
    description: "Databases that an image or a server has.",
    protected: true,
    associations: [...onImagesAndServers, about("OS::Trove::Instance")],
    objects: [
      database("MySQL", "mysql", "3306", "root"),
      database("PostgreSQL", "postgresql", "5432", "postgres"),
      database("MongoDB", "mongodb", "27017", null),
      database("Redis", "redis", "6379", "admin"),
      database("CouchDB", "couchdb", "5984", null),
      database("Apache Cassandra", "cassandra", "9160", "cassandra"),
    ],
  },
  {
    namespace: "OS::Software::Runtimes",
    display_name: "Runtime Environment",
    description: "Languages that an image or a server can run.",
    protected: true,
    associations: onImagesAndServers,
    objects: ["PHP", "Python", "Java", "Ruby", "Perl"].map((name) =>
      software(name, { [`sw_runtime_${name.toLowerCase()}_version`]: version }),
    ),
  },
  {
    namespace: "OS::Software::WebServers",
    display_name: "Web Servers",
    description: "Web servers that an image or a server has.",
    protected: true,
    associations: onImagesAndServers,
    objects: [webServer("Apache HTTP Server", "apache"), webServer("Nginx", "nginx"), webServer("IIS", "iis")],
  },
];
