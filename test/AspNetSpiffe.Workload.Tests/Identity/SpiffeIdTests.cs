namespace AspNetSpiffe.Tests.Identity;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://td", "td", "")]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "example.org", "/ns/shop/sa/cart")]
    [InlineData("spiffe://td_1/a", "td_1", "/a")]
    [InlineData("spiffe://-x/a", "-x", "/a")]
    [InlineData("spiffe://a..b/a", "a..b", "/a")]
    [InlineData("spiffe://.a./a", ".a.", "/a")]
    [InlineData("spiffe://192.168.1.1/a", "192.168.1.1", "/a")]
    [InlineData("spiffe://999.999.999.999", "999.999.999.999", "")]
    [InlineData("spiffe://0x7f.1/a", "0x7f.1", "/a")]
    [InlineData("spiffe://xn--9ckb/a", "xn--9ckb", "/a")]
    [InlineData("spiffe://td/.a", "td", "/.a")]
    [InlineData("spiffe://td/..a", "td", "/..a")]
    [InlineData("spiffe://td/a..", "td", "/a..")]
    [InlineData("spiffe://td/...", "td", "/...")]
    [InlineData("spiffe://td/..x/x..", "td", "/..x/x..")]
    [InlineData("spiffe://td/A-Z_0.9", "td", "/A-Z_0.9")]
    [Trait("Spec", "ID-06"), Trait("Spec", "ID-10"), Trait("Spec", "ID-13"), Trait("Spec", "ID-18")]
    public void A_SPIFFE_ID_is_read_and_kept_byte_for_byte(string text, string trustDomain, string path)
    {
        var id = SpiffeId.Parse(text);
        Assert.Equal(text, id.ToString());
        Assert.Equal(trustDomain, id.TrustDomain.Name);
        Assert.Equal(path, id.Path);
        Assert.Equal(path.Split('/', StringSplitOptions.RemoveEmptyEntries), id.Segments);
        Assert.Equal($"spiffe://{trustDomain}", id.TrustDomain.Id.ToString());

        Assert.True(SpiffeId.TryParse(text, out var second));
        Assert.True(SpiffeId.TryParse(text.AsSpan(), out var third));
        Assert.Equal(id, second);
        Assert.Equal(id, third);
    }

    [Theory]
    [Trait("Spec", "ID-01")]
    [InlineData("", "not empty")]
    [InlineData("http://td/a", "'http://td/a' does not begin with 'spiffe://'")]
    [InlineData("https://td/a", "does not begin")]
    [InlineData("spiffe:", "does not begin")]
    [InlineData("spiffe:/td", "does not begin")]
    [InlineData("spiffe:td/a", "does not begin")]
    [InlineData("td/a", "does not begin")]
    [InlineData("xspiffe://td/a", "does not begin")]
    [InlineData("spif\u00ADfe://td/a", @"'spif\u00adfe://td/a' does not begin")]
    public void Another_scheme_is_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-02")]
    [InlineData("spiffe://", "no trust domain at position 9")]
    [InlineData("spiffe:///", "no trust domain at position 9")]
    [InlineData("spiffe:///a", "no trust domain at position 9")]
    public void An_empty_trust_domain_is_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-03")]
    [InlineData("spiffe://td/a?x=1", "'?' at position 13")]
    [InlineData("spiffe://td/a?", "'?' at position 13")]
    [InlineData("spiffe://td?x=1", "'?' at position 11")]
    [InlineData("spiffe://td/a#f", "'#' at position 13")]
    [InlineData("spiffe://td/a#", "'#' at position 13")]
    [InlineData("spiffe://td#", "'#' at position 11")]
    public void Query_and_fragment_are_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-04")]
    [InlineData("spiffe://u@td/a", "'@' at position 10")]
    [InlineData("spiffe://u:p@td/a", "':' at position 10")]
    [InlineData("spiffe://@td/a", "'@' at position 9")]
    [InlineData("spiffe://td:8080/a", "':' at position 11")]
    [InlineData("spiffe://td:/a", "':' at position 11")]
    public void User_and_port_are_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-05")]
    [InlineData("spiffe://t%64/a", "'%' at position 10")]
    [InlineData("spiffe://[::1]/a", "'[' at position 9")]
    [InlineData("spiffe://t\u00e4/a", @"'\u00e4' at position 10")]
    [InlineData("spiffe://t\U0001F600/a", @"'\ud83d' at position 10")]
    [InlineData("spiffe://t~/a", "'~' at position 10; allowed are a-z, 0-9, '.', '-' and '_'")]
    [InlineData(@"spiffe://t\a", @"'\' at position 10")]
    public void Other_characters_of_a_trust_domain_are_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-07")]
    [InlineData("Spiffe://td/a", "(lower case)")]
    [InlineData("SPIFFE://td/a", "(lower case)")]
    [InlineData("spiffe://Td/a", "upper-case letter 'T' at position 9")]
    [InlineData("spiffe://tD", "upper-case letter 'D' at position 10")]
    public void Upper_case_in_scheme_and_trust_domain_is_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-08"), Trait("Spec", "ID-12")]
    [InlineData("spiffe://td/%41", "'%' at position 12")]
    [InlineData("spiffe://td/a%2fb", "'%' at position 13")]
    [InlineData("spiffe://td/a b", "' ' at position 13")]
    [InlineData("spiffe://td/a:b", "':' at position 13")]
    [InlineData("spiffe://td/a*", "'*' at position 13; allowed are a-z, A-Z, 0-9, '.', '-' and '_'")]
    [InlineData("spiffe://td/\u212A", @"'\u212a' at position 12")]
    public void Other_characters_of_a_path_are_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-09")]
    [InlineData("spiffe://td//b", "empty segment at position 12")]
    [InlineData("spiffe://td/a//b", "empty segment at position 14")]
    [InlineData("spiffe://td/a/b///c", "empty segment at position 16")]
    public void An_empty_segment_is_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-10")]
    [InlineData("spiffe://td/.", "'.' or '..' segment at position 12")]
    [InlineData("spiffe://td/..", "'.' or '..' segment at position 12")]
    [InlineData("spiffe://td/a/./b", "'.' or '..' segment at position 14")]
    [InlineData("spiffe://td/a/../b", "'.' or '..' segment at position 14")]
    [InlineData("spiffe://td/a/..", "'.' or '..' segment at position 14")]
    public void A_dot_segment_is_refused(string text, string message) => AssertRefused(text, message);

    [Theory]
    [Trait("Spec", "ID-11")]
    [InlineData("spiffe://td/")]
    [InlineData("spiffe://td/a/")]
    [InlineData("spiffe://td//")]
    [InlineData("spiffe://td/a//")]
    public void A_trailing_slash_is_refused(string text) => AssertRefused(text, $"'{text}' ends with '/'");

    [Theory]
    [Trait("Spec", "ID-20")]
    [InlineData(" spiffe://td/a", "does not begin")]
    [InlineData("\nspiffe://td/a", @"'\u000aspiffe://td/a' does not begin")]
    [InlineData("spiffe://td/a ", "' ' at position 13")]
    [InlineData("spiffe://td/a\n", @"'\u000a' at position 13")]
    [InlineData("spiffe://td/a\r\n", @"'\u000d' at position 13")]
    [InlineData("spiffe://td/a\t", @"'\u0009' at position 13")]
    [InlineData("spiffe://td/a\0", @"'\u0000' at position 13")]
    [InlineData("spiffe://td\0.evil/a", @"'\u0000' at position 11")]
    [InlineData("spiffe://td\n/a", @"'\u000a' at position 11")]
    public void Nothing_is_trimmed_and_no_control_character_passes(string text, string message) => AssertRefused(text, message);

    [Fact, Trait("Spec", "ID-05"), Trait("Spec", "ID-12")]
    public void Of_all_256_code_points_only_the_allowed_ones_pass()
    {
        const string InTrustDomain = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
        const string InPath = InTrustDomain + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for (var c = '\0'; c <= 255; c++)
        {
            // A slash ends the trust domain, and begins a segment.
            Assert.True(SpiffeId.TryParse($"spiffe://t{c}d/a", out _) == (InTrustDomain.Contains(c) || c == '/'), $"trust domain, U+{(int)c:X4}");
            Assert.True(SpiffeId.TryParse($"spiffe://td/a{c}b", out _) == (InPath.Contains(c) || c == '/'), $"path, U+{(int)c:X4}");
        }
    }

    [Fact, Trait("Spec", "ID-15"), Trait("Spec", "ID-17")]
    public void An_ID_has_at_most_2048_characters()
    {
        var longest = "spiffe://td/" + new string('a', 2048 - 12);
        Assert.Equal(longest, SpiffeId.Parse(longest).ToString());
        AssertRefused(longest + "a", "at most 2048 characters; this one has 2049");
    }

    [Fact, Trait("Spec", "ID-17")]
    public void A_trust_domain_has_at_most_255_characters()
    {
        var longest = new string('t', 255);
        Assert.Equal(longest, SpiffeId.Parse($"spiffe://{longest}/a").TrustDomain.Name);
        AssertRefused($"spiffe://{longest}t/a", "longer than 255 characters");
    }

    [Fact]
    public void A_long_text_is_cut_in_the_message() =>
        AssertRefused("x" + new string('y', 5000), "has 5001", mostCharacters: 100);

    [Fact]
    public void A_message_quotes_200_characters_at_most()
    {
        var message = Assert.Throws<FormatException>(() => SpiffeId.Parse("spiffe://td/" + new string('y', 500) + "!")).Message;
        Assert.Contains("…' has '!' at position 512", message, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('y', 200), message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_no_ID()
    {
        Assert.Throws<ArgumentNullException>(() => SpiffeId.Parse(null!));
        Assert.False(SpiffeId.TryParse(null, out var id));
        Assert.Null(id);
    }

    [Fact, Trait("Spec", "ID-14")]
    public void Equality_is_ordinal()
    {
        var id = SpiffeId.Parse("spiffe://td/a");
        var same = SpiffeId.Parse("spiffe://td/a");
        var other = SpiffeId.Parse("spiffe://td/A");

        Assert.True(id == same && id.Equals(same) && id.Equals((object)same) && id.GetHashCode() == same.GetHashCode());
        Assert.True(id != other && !id.Equals(other) && !id.Equals((object)"spiffe://td/a") && !id.Equals(null));
        Assert.False(id == null || null == id);
        Assert.True((SpiffeId?)null == null);
        Assert.Equal(SpiffeId.Parse("spiffe://td"), id.TrustDomain.Id);
        Assert.NotEqual(SpiffeId.Parse("spiffe://t/d"), SpiffeId.Parse("spiffe://td"));
    }

    [Fact]
    public void An_ID_belongs_to_its_trust_domain_only()
    {
        var id = SpiffeId.Parse("spiffe://td/a");
        Assert.True(id.IsMemberOf(TrustDomain.Parse("td")));
        Assert.True(TrustDomain.Parse("td").Id.IsMemberOf(TrustDomain.Parse("td")));
        Assert.False(id.IsMemberOf(TrustDomain.Parse("td.td")));
    }

    [Theory]
    [InlineData("spiffe://td/ops", "/ops", true)]
    [InlineData("spiffe://td/ops/x", "/ops", true)]
    [InlineData("spiffe://td/ops/x/y", "/ops/x", true)]
    [InlineData("spiffe://td/opsx", "/ops", false)]
    [InlineData("spiffe://td/op", "/ops", false)]
    [InlineData("spiffe://td/x/ops", "/ops", false)]
    [InlineData("spiffe://td/OPS", "/ops", false)]
    [InlineData("spiffe://td", "/ops", false)]
    public void A_path_prefix_is_made_of_whole_segments(string id, string prefix, bool has) => Assert.Equal(has, SpiffeId.Parse(id).HasPathPrefix(prefix));

    [Theory]
    [InlineData("spiffe://td/ns/shop/sa/cart", "/sa/cart", true)]
    [InlineData("spiffe://td/sa/cart", "/sa/cart", true)]
    [InlineData("spiffe://td/ns/sa/my-cart", "/cart", false)]
    [InlineData("spiffe://td/xsa/cart", "/sa/cart", false)]
    [InlineData("spiffe://td/sa/cart/x", "/sa/cart", false)]
    [InlineData("spiffe://td/sa/Cart", "/sa/cart", false)]
    [InlineData("spiffe://td", "/td", false)]
    public void A_path_suffix_is_made_of_whole_segments(string id, string suffix, bool has) => Assert.Equal(has, SpiffeId.Parse(id).HasPathSuffix(suffix));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("ops")]
    [InlineData("/ops/")]
    public void A_prefix_or_suffix_that_is_no_list_of_segments_is_refused(string segments)
    {
        var id = SpiffeId.Parse("spiffe://td/ops");
        Assert.Contains($"'{segments}'", Assert.Throws<ArgumentException>(() => id.HasPathPrefix(segments)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => id.HasPathSuffix(segments));
    }

    [Fact]
    public void An_ID_is_made_of_segments()
    {
        var td = TrustDomain.Parse("td");
        Assert.Equal("spiffe://td/ns/shop", SpiffeId.Create(td, "ns", "shop").ToString());
        Assert.Equal("spiffe://td", SpiffeId.Create(td).ToString());
        Assert.Throws<ArgumentNullException>(() => SpiffeId.Create(null!, "a"));
        Assert.Throws<ArgumentNullException>(() => SpiffeId.Create(td, "a", null!));
    }

    [Theory]
    [InlineData("a/b", "'/' at position 1")]
    [InlineData("", "empty segment")]
    [InlineData("..", "'.' or '..' segment")]
    [InlineData("%41", "'%' at position 0")]
    public void A_segment_that_is_none_makes_no_ID(string segment, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => SpiffeId.Create(TrustDomain.Parse("td"), "ok", segment)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_path_replaces_the_path()
    {
        var id = SpiffeId.Parse("spiffe://td/a");
        Assert.Equal("spiffe://td/b/c", id.WithPath("/b/c").ToString());
        Assert.Equal("spiffe://td", id.WithPath("").ToString());
    }

    [Theory]
    [InlineData("b", "does not begin with '/'")]
    [InlineData("/", "ends with '/'")]
    [InlineData("/b//c", "empty segment at position 3")]
    [InlineData("/b?", "'?' at position 2")]
    public void A_path_that_is_none_makes_no_ID(string path, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => SpiffeId.Parse("spiffe://td").WithPath(path)).Message, StringComparison.Ordinal);

    [Fact, Trait("Spec", "ID-16")]
    public void No_ID_longer_than_2048_characters_is_made()
    {
        var td = TrustDomain.Parse("td");
        Assert.Equal(2048, SpiffeId.Create(td, new string('a', 2036)).ToString().Length);
        Assert.Throws<FormatException>(() => SpiffeId.Create(td, new string('a', 2037)));
        Assert.Throws<FormatException>(() => td.Id.WithPath("/" + new string('a', 2037)));
    }

    private static void AssertRefused(string text, string message, int mostCharacters = 1000)
    {
        Assert.False(SpiffeId.TryParse(text, out var id));
        Assert.Null(id);
        Assert.False(SpiffeId.TryParse(text.AsSpan(), out _));

        var thrown = Assert.Throws<FormatException>(() => SpiffeId.Parse(text)).Message;
        Assert.Contains(message, thrown, StringComparison.Ordinal);
        Assert.All(thrown, c => Assert.True(c is '…' or (>= ' ' and <= '~')));
        Assert.InRange(thrown.Length, 1, mostCharacters);
    }
}
