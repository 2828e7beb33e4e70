using System.Buffers;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>Deserializes messages of the Workload API. The fields are counted before they are deserialized, because two bytes can become a hundred.</summary>
/// <remarks>
/// Each method returns <see langword="null"/> when the bytes are not such a message, and throws <see cref="FormatException"/> when a limit is exceeded.
/// </remarks>
internal sealed class WireMessages(SpiffeLimits limits)
{
    // For the claims of one token, which are forty times as large in memory; a token has at most 64 KiB.
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
            // Otherwise each unknown field is kept as an object.
            return parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // The text of the exception is discarded: no part of the message may get into a log.
            return null;
        }
    }
}
