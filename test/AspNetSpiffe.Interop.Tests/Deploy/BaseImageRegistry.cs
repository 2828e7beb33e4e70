using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>A registry of images (OCI distribution) with one image, which has one empty layer: what the SDK builds on where the real one cannot be pulled.</summary>
internal sealed class BaseImageRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly WebApplication _app;
    private readonly Dictionary<string, byte[]> _blobs = [];

    private BaseImageRegistry(WebApplication app) => _app = app;

    /// <summary>Gets the host and port.</summary>
    public string Authority => new Uri(_app.Urls.Single()).Authority;

    public static async Task<BaseImageRegistry> StartAsync(CancellationToken patience)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var registry = new BaseImageRegistry(builder.Build());
        var manifest = registry.MakeImage();
        registry._app.MapGet("/v2/", static () => Results.Ok());
        registry._app.MapGet("/v2/base/manifests/{reference}", () => Results.Bytes(manifest, ManifestType));
        registry._app.MapGet("/v2/base/blobs/{digest}", (string digest) => Results.Bytes(registry._blobs[digest]));
        await registry._app.StartAsync(patience);
        return registry;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private byte[] MakeImage()
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true)) writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "home/"));
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(tar.ToArray());

        var architecture = RuntimeInformation.OSArchitecture == Architecture.X64 ? "amd64" : "arm64";
        var config = Store(JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture,
            os = "linux",
            config = new { WorkingDir = "/", User = "root" },
            rootfs = new { type = "layers", diff_ids = (string[])[DigestOf(tar.ToArray())] },
            history = (object[])[new { created_by = "test" }],
        }));
        var layer = Store(compressed.ToArray());
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = config.Digest, size = config.Size },
            layers = (object[])[new { mediaType = "application/vnd.oci.image.layer.v1.tar+gzip", digest = layer.Digest, size = layer.Size }],
        });
    }

    private (string Digest, int Size) Store(byte[] blob)
    {
        _blobs[DigestOf(blob)] = blob;
        return (DigestOf(blob), blob.Length);
    }

    private static string DigestOf(byte[] blob) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(blob))}";
}
