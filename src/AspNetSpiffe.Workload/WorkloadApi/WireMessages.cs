using System.Buffers;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>Bytes → a message of the Workload API. What it holds is counted before anything is made of it, for two bytes can become a hundred.</summary>
/// <remarks>
/// Each method gives <see langword="null"/> when the bytes are no such message, and throws <see cref="FormatException"/> when there is more in it than the limits allow.
/// </remarks>
internal sealed class WireMessages(SpiffeLimits limits)
{
    // The claims of one token, whose values are forty times as large in memory; the longest token has 64 KiB.
    private const int MaxValidationBytes = 256 * 1024;

    public X509SVIDResponse? ReadX509Svids(ReadOnlySequence<byte> bytes) => Read(
        X509SVIDResponse.Parser,
        bytes,
        new(X509SVIDResponse.SvidsFieldNumber, "SVIDs", limits.MaxSvids, nameof(limits.MaxSvids)),
        new(X509SVIDResponse.CrlFieldNumber, "revocation lists", limits.MaxBundles, nameof(limits.MaxBundles)),
        new(X509SVIDResponse.FederatedBundlesFieldNumber, "federated bundles", limits.MaxBundles, nameof(limits.MaxBundles)));

    public X509BundlesResponse? ReadX509Bundles(ReadOnlySequence<byte> bytes) => Read(
        X509BundlesResponse.Parser,
        bytes,
        new(X509BundlesResponse.CrlFieldNumber, "revocation lists", limits.MaxBundles, nameof(limits.MaxBundles)),
        new(X509BundlesResponse.BundlesFieldNumber, "bundles", limits.MaxBundles, nameof(limits.MaxBundles)));

    public JWTSVIDResponse? ReadJwtSvids(ReadOnlySequence<byte> bytes) => Read(
        JWTSVIDResponse.Parser, bytes, new WireField(JWTSVIDResponse.SvidsFieldNumber, "JWT-SVIDs", limits.MaxSvids, nameof(limits.MaxSvids)));

    public JWTBundlesResponse? ReadJwtBundles(ReadOnlySequence<byte> bytes) => Read(
        JWTBundlesResponse.Parser, bytes, new WireField(JWTBundlesResponse.BundlesFieldNumber, "bundles", limits.MaxBundles, nameof(limits.MaxBundles)));

    public static ValidateJWTSVIDResponse? ReadValidation(ReadOnlySequence<byte> bytes) => bytes.Length <= MaxValidationBytes
        ? Read(ValidateJWTSVIDResponse.Parser, bytes)
        : throw new FormatException($"The token validation response has {bytes.Length} bytes; the limit is {MaxValidationBytes}.");

    private static T? Read<T>(MessageParser<T> parser, ReadOnlySequence<byte> bytes, params ReadOnlySpan<WireField> fields) where T : class, IMessage<T>
    {
        if (!WireField.Check(bytes, fields)) return null;
        try
        {
            // Each field that we do not know would be kept, in an object of its own.
            return parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // Its text is told to nobody: nothing of the message may end in a log.
            return null;
        }
    }
}
