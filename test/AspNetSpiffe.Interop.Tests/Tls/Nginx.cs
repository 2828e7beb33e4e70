using AspNetSpiffe.TestKit;
namespace AspNetSpiffe.InteropTests;

/// <summary>A real nginx with TLS on a Unix socket, for it reads back no port 0; in one process, so that nothing of it outlives the test.</summary>
internal static class Nginx
{
    /// <summary>Starts it; when this returns, it listens.</summary>
    /// <param name="folder">Where it keeps its files.</param>
    /// <param name="socket">Where it listens.</param>
    /// <param name="shown">Its certificate and key.</param>
    /// <param name="server">What else its server does, in the words of its configuration.</param>
    /// <param name="patience">How long to wait for it.</param>
    public static async Task<OutsideProgram> StartAsync(string folder, string socket, PemFiles shown, string server, CancellationToken patience)
    {
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log stderr notice;
            events {}
            http {
              access_log off;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxied;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              server {
                listen unix:{{socket}} ssl;
                ssl_certificate {{shown.Chain}};
                ssl_certificate_key {{shown.Key}};
                {{server}}
              }
            }
            """, patience);
        var nginx = OutsideProgram.Start("/usr/sbin/nginx", "-p", folder, "-c", configuration, "-e", "stderr");
        try
        {
            await nginx.WaitForErrorAsync("getrlimit", patience);
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }
}
