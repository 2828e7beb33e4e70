using System.Buffers.Text;
using System.Text.Json;

namespace AspNetSpiffe.Cli.Registration;

/// <summary>The service account of a Pod, as Kubernetes mounts it into the Pod. Only the subject of its token is read, and nothing of the token is shown.</summary>
internal sealed record ServiceAccount(string Namespace, string? Name)
{
    public const string DefaultFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string Subject = "system:serviceaccount:";

    /// <summary>Finds the service account; null outside a Pod, and in a Pod without a mounted token.</summary>
    public static ServiceAccount? Find(string folder)
    {
        var file = Path.Combine(folder, "namespace");
        return File.Exists(file) ? new(File.ReadAllText(file).Trim(), FindName(Path.Combine(folder, "token"))) : null;
    }

    private static string? FindName(string file)
    {
        if (!File.Exists(file) || File.ReadAllText(file).Split('.') is not [_, var payload, _]) return null;
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
            return claims.RootElement.GetProperty("sub").GetString() is { } subject && subject.StartsWith(Subject, StringComparison.Ordinal) ? subject.Split(':')[^1] : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // Only the namespace is known then; a remark says so.
            return null;
        }
    }
}
