using System.Buffers.Text;
using System.Text.Json;

namespace AspNetSpiffe.Cli.Registration;

/// <summary>The service account of a Pod, as Kubernetes tells the Pod itself. Of its token only the subject is looked at, and nothing shown.</summary>
internal sealed record ServiceAccount(string Namespace, string? Name)
{
    public const string DefaultFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string Subject = "system:serviceaccount:";

    /// <summary>Finds it; null outside a Pod, and in one that mounts no token.</summary>
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
            // Then only the namespace is known, and the remarks say so.
            return null;
        }
    }
}
