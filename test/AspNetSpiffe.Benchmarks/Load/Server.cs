using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A server under test on its core.</summary>
/// <param name="Kind">Which of the servers on Kestrel; null of what is no .NET.</param>
internal sealed record Server(Pinned Process, int Port, string? Kind = null) : IDisposable
{
    private const int Core = 1;

    public bool IsDotnet => Kind is not null;

    public bool IsOurs => Kind?.StartsWith(KestrelServer.Spiffe, StringComparison.Ordinal) == true;

    /// <summary>Gets what was allocated so far; null of what is no .NET.</summary>
    public long? Allocated => IsDotnet ? Ask("allocated") : null;

    /// <summary>Gets what is alive, after a collection.</summary>
    public long Heap => Ask("heap");

    /// <summary>Gets how long the JIT has worked so far.</summary>
    public TimeSpan Jit => new(Ask("jit"));

    /// <summary>Gets when the server published the next update of its agent; waits for it. 0 if none came.</summary>
    public long Published => Ask("published");

    public static Server Kestrel(string kind, Material material, string agent = "", params string[] environment)
    {
        var process = Pinned.Start(Core, ["env", .. environment, .. Pinned.Own("server", kind, material.Folder.FullName, agent)]);
        return new(process, int.Parse(process.ReadLine(), CultureInfo.InvariantCulture), kind);
    }

    // Alone in its process, it cannot inherit a socket.
    public static Server Nginx(Material material, bool resumable = false)
    {
        var name = resumable ? "nginx-resumable" : "nginx";
        var (file, port) = (material.FileOf($"{name}.conf"), FreePort());
        File.WriteAllText(file, NginxConfiguration(material, port, name, resumable ? "on" : "off"));
        using var listening = new NewFile(material.FileOf($"{name}.pid"));
        var process = Pinned.Start(Core, Installed("/usr/sbin/nginx"), "-p", material.Folder.FullName, "-e", "stderr", "-c", file);
        listening.Wait();
        return new(process, port);
    }

    public static Server Haproxy(Material material)
    {
        using var listener = new InheritedListener();
        var file = material.FileOf("haproxy.cfg");
        File.WriteAllText(file, HaproxyConfiguration(material, listener.Number));
        return new(Pinned.Start(Core, Installed("/usr/sbin/haproxy"), "-db", "-q", "-f", file), listener.Port);
    }

    public static Server Go(Material material)
    {
        Installed("/usr/bin/go");
        using var listener = new InheritedListener();
        return new(Pinned.Start(Core, GoProgram.Build(material.Folder), material.Folder.FullName, listener.Number.ToString(CultureInfo.InvariantCulture)), listener.Port);
    }

    public void Dispose() => Process.Dispose();

    private long Ask(string question) => long.Parse(Process.Ask(question), CultureInfo.InvariantCulture);

    private static string Installed(string program) =>
        File.Exists(program) ? program : throw new InvalidOperationException($"There is no {program}: run 'build/install-test-tools'.");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string NginxConfiguration(Material material, int port, string name, string tickets) => $$"""
        daemon off;
        master_process off;
        pid {{name}}.pid;
        events { worker_connections 20000; }
        http {
          access_log off;
          keepalive_timeout 1h;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          server {
            listen 127.0.0.1:{{port}} ssl;
            ssl_protocols TLSv1.3;
            ssl_certificate {{material.FileOf("server.pem")}};
            ssl_certificate_key {{material.FileOf("server.key")}};
            ssl_client_certificate {{material.FileOf("ca.pem")}};
            ssl_verify_client on;
            ssl_verify_depth 3;
            ssl_session_cache off;
            ssl_session_tickets {{tickets}};
            location / { return 200 ""; }
          }
        }
        """;

    private static string HaproxyConfiguration(Material material, int socket) => $"""
        global
          nbthread 1
          maxconn 20000
          no strict-limits
          tune.ssl.cachesize 0
          ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
        defaults
          mode http
          timeout connect 10s
          timeout client 1h
          timeout server 30s
        frontend service
          bind fd@{socket} ssl crt {material.FileOf("server-and-key.pem")} ca-file {material.FileOf("ca.pem")} verify required
          http-request return status 200

        """;
}
