namespace AspNetSpiffe.Tests.Identity;

public sealed class TrustDomainTests
{
    [Theory]
    [Trait("Spec", "ID-19"), Trait("Spec", "ID-06")]
    [InlineData("example.org", "example.org")]
    [InlineData("spiffe://example.org", "example.org")]
    [InlineData("spiffe", "spiffe")]
    [InlineData("td_1", "td_1")]
    [InlineData("-x", "-x")]
    [InlineData("a..b", "a..b")]
    [InlineData("192.168.1.1", "192.168.1.1")]
    public void A_name_or_the_ID_of_a_trust_domain_is_read(string text, string name)
    {
        var trustDomain = TrustDomain.Parse(text);
        Assert.Equal(name, trustDomain.Name);
        Assert.Equal(name, trustDomain.ToString());
        Assert.Equal("spiffe://" + name, trustDomain.Id.ToString());
        Assert.Equal("", trustDomain.Id.Path);
        Assert.Same(trustDomain, trustDomain.Id.TrustDomain);
        Assert.True(TrustDomain.TryParse(text, out var second) && TrustDomain.TryParse(text.AsSpan(), out var third) && second == third);
        Assert.Equal(trustDomain, second);
    }

    [Theory]
    [InlineData("", "no trust domain at position 0")]
    [InlineData("spiffe://", "no trust domain at position 9")]
    [InlineData("spiffe://td/a", "has a path at position 11")]
    [InlineData("spiffe://td/", "has a path at position 11")]
    [InlineData("td/a", "has a path at position 2")]
    [InlineData("/a", "'/' at position 0")]
    [InlineData("Td", "upper-case letter 'T' at position 0")]
    [InlineData("SPIFFE://td", "upper-case letter 'S' at position 0")]
    [InlineData("http://td", "':' at position 4")]
    [InlineData("td:80", "':' at position 2")]
    [InlineData("u@td", "'@' at position 1")]
    [InlineData(" td", "' ' at position 0")]
    [InlineData("td\n", @"'\u000a' at position 2")]
    [InlineData("t\u212A", @"'\u212a' at position 1")]
    [Trait("Spec", "ID-02"), Trait("Spec", "ID-05"), Trait("Spec", "ID-07"), Trait("Spec", "ID-19"), Trait("Spec", "ID-20")]
    public void Any_other_text_is_refused(string text, string message)
    {
        Assert.False(TrustDomain.TryParse(text, out var trustDomain));
        Assert.Null(trustDomain);
        Assert.False(TrustDomain.TryParse(text.AsSpan(), out _));
        Assert.Contains(message, Assert.Throws<FormatException>(() => TrustDomain.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "ID-17")]
    public void A_name_has_at_most_255_characters()
    {
        Assert.Equal(255, TrustDomain.Parse(new string('t', 255)).Name.Length);
        Assert.Equal(255, TrustDomain.Parse("spiffe://" + new string('t', 255)).Name.Length);
        Assert.Throws<FormatException>(() => TrustDomain.Parse(new string('t', 256)));
    }

    [Fact]
    public void Null_is_no_trust_domain()
    {
        Assert.Throws<ArgumentNullException>(() => TrustDomain.Parse(null!));
        Assert.False(TrustDomain.TryParse(null, out _));
    }

    [Fact]
    public void Equality_is_ordinal()
    {
        var (td, same, other) = (TrustDomain.Parse("td"), TrustDomain.Parse("spiffe://td"), TrustDomain.Parse("td1"));
        Assert.True(td == same && td.Equals(same) && td.Equals((object)same) && td.GetHashCode() == same.GetHashCode());
        Assert.True(td != other && !td.Equals(other) && !td.Equals((object)"td") && !td.Equals(null));
        Assert.False(td == null || null == td);
        Assert.True((TrustDomain?)null == null);
    }
}
