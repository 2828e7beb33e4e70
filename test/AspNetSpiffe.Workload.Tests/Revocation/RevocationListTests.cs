using System.Formats.Asn1;
using System.Security.Cryptography;
using AspNetSpiffe.TestKit;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Revocation;

public sealed class RevocationListTests
{
    private static readonly TestPki Pki = new("td", intermediates: 1);
    private static readonly TestSvid Revoked = Pki.Leaf("/revoked");
    private static readonly byte[] Good = Pki.Issuer.List(7, null, Revoked.Leaf);

    [Fact]
    public void A_list_says_who_issued_it_when_and_whom_it_revokes()
    {
        var list = RevocationList.Parse(Good);
        Assert.Equal(Pki.Issuer.Certificate.SubjectName.RawData, list.Issuer);
        Assert.Equal((7, 1), (list.Number, list.Count));
        Assert.True(list.ThisUpdate < list.NextUpdate);
        Assert.True(list.Revokes(RevocationList.SerialOf(Revoked.Leaf.SerialNumberBytes.Span)));
        Assert.False(list.Revokes(RevocationList.SerialOf(Pki.Leaf("/other").Leaf.SerialNumberBytes.Span)));
    }

    [Fact]
    public void PEM_is_read_too() => Assert.Equal(7, RevocationList.Parse(System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("X509 CRL", Good))).Number);

    [Fact]
    public void A_list_is_of_whoever_signed_it_and_of_nobody_else()
    {
        var list = RevocationList.Parse(Good);
        Assert.Null(list.SignedBy);
        Assert.False(list.IsSignedBy(Pki.Root.Certificate.PublicKey));
        Assert.Null(list.SignedBy);
        Assert.True(list.IsSignedBy(Pki.Issuer.Certificate.PublicKey));
        Assert.NotNull(list.SignedBy);
        Assert.True(RevocationList.Parse(new TestPki("td", root: root => root with { Key = KeyKind.Rsa2048 }).Root is var rsa ? rsa.List(1) : []).IsSignedBy(rsa.Certificate.PublicKey));
    }

    [Property]
    public bool A_list_that_was_changed_anywhere_is_refused_or_signed_by_nobody(ushort at, byte change)
    {
        if (change == 0) return true;
        byte[] changed = [.. Good];
        changed[at % changed.Length] ^= change;
        try
        {
            return !RevocationList.Parse(changed).IsSignedBy(Pki.Issuer.Certificate.PublicKey);
        }
        catch (FormatException)
        {
            return true;
        }
    }

    [Property]
    public bool A_list_that_is_cut_off_or_goes_on_is_refused(ushort at) => IsRefused(Good[..(at % Good.Length)]) && IsRefused([.. Good, .. new byte[1 + (at % 9)]]);

    [Theory]
    [InlineData("its version", "Its version is not 2.")]
    [InlineData("no nextUpdate", "It has no nextUpdate, so it cannot be known whether it is current.")]
    [InlineData("no number", "It has no CRL number (RFC 5280 §5.2.3).")]
    [InlineData("only other extensions", "It has no CRL number (RFC 5280 §5.2.3).")]
    [InlineData("two algorithms", "It names two different signature algorithms.")]
    [InlineData("a list of changes", "The critical extension 2.5.29.27 of it is not supported: use a complete list of all certificates of one issuer.")]
    [InlineData("an entry of another issuer", "The critical extension 2.5.29.29 of an entry of it is not supported: use a complete list of all certificates of one issuer.")]
    public void What_we_cannot_honour_is_refused_and_said(string what, string problem) => Assert.Equal(problem, Assert.Throws<FormatException>(() => RevocationList.Parse(Write(what))).Message);

    [Fact]
    public void The_writer_of_these_tests_writes_good_lists_too() => Assert.Equal(5, RevocationList.Parse(Write("nothing wrong")).Number);

    [Fact]
    public void A_text_that_is_no_list_is_refused_and_said()
    {
        Assert.Equal("It is neither DER nor one PEM block 'X509 CRL'.", Assert.Throws<FormatException>(() => RevocationList.Parse([])).Message);
        Assert.Equal("It is neither DER nor one PEM block 'X509 CRL'.", Assert.Throws<FormatException>(() => RevocationList.Parse("<html>"u8.ToArray())).Message);
        Assert.StartsWith("It is not a certificate revocation list (RFC 5280 §5)", Assert.Throws<FormatException>(() => RevocationList.Parse(Revoked.Leaf.RawData)).Message, StringComparison.Ordinal);
    }

    private static bool IsRefused(byte[] content)
    {
        try
        {
            RevocationList.Parse(content);
            return false;
        }
        catch (FormatException)
        {
            return true;
        }
    }

    // Not signed: what is wrong is seen before anybody asks who signed.
    private static byte[] Write(string what)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteInteger(what == "its version" ? 2 : 1);
                Algorithm("1.2.840.10045.4.3.2");
                writer.WriteEncodedValue(Pki.Issuer.Certificate.SubjectName.RawData);
                writer.WriteUtcTime(DateTimeOffset.UnixEpoch);
                if (what != "no nextUpdate") writer.WriteUtcTime(DateTimeOffset.UnixEpoch.AddDays(1));
                using (writer.PushSequence())
                using (writer.PushSequence())
                {
                    writer.WriteInteger(99);
                    writer.WriteUtcTime(DateTimeOffset.UnixEpoch);
                    if (what == "an entry of another issuer") using (writer.PushSequence()) Extension("2.5.29.29", isCritical: true);
                }

                if (what != "no number")
                {
                    using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
                    using (writer.PushSequence())
                    {
                        if (what != "only other extensions") Extension("2.5.29.20", isCritical: false);
                        else Extension("2.5.29.35", isCritical: false);
                        if (what == "a list of changes") Extension("2.5.29.27", isCritical: true);
                    }
                }
            }

            Algorithm(what == "two algorithms" ? "1.2.840.10045.4.3.3" : "1.2.840.10045.4.3.2");
            writer.WriteBitString([1, 2, 3]);
        }

        return writer.Encode();

        void Algorithm(string oid)
        {
            using (writer.PushSequence()) writer.WriteObjectIdentifier(oid);
        }

        void Extension(string oid, bool isCritical)
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(oid);
                if (isCritical) writer.WriteBoolean(true);
                writer.WriteOctetString([2, 1, 5]);
            }
        }
    }
}
