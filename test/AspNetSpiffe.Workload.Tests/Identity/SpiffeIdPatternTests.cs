namespace AspNetSpiffe.Tests.Identity;

public sealed class SpiffeIdPatternTests
{
    [Theory]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/sa/cart", true)]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/sa/cart2", false)]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/sa/car", false)]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/sa/cart/x", false)]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/sa/Cart", false)]
    [InlineData("spiffe://example.org/ns/shop/sa/cart", "spiffe://example.com/ns/shop/sa/cart", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/shop/sa/cart", true)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/shop/x/sa/cart", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/sa/cart", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/shop/sa/cartx", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/shop/sa", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://example.org/ns/shop/sa/cart/x", false)]
    [InlineData("spiffe://example.org/ns/*/sa/cart", "spiffe://other.org/ns/shop/sa/cart", false)]
    [InlineData("spiffe://example.org/*", "spiffe://example.org/a", true)]
    [InlineData("spiffe://example.org/*", "spiffe://example.org/a/b", false)]
    [InlineData("spiffe://example.org/*", "spiffe://example.org", false)]
    [InlineData("spiffe://example.org/*/*", "spiffe://example.org/a/b", true)]
    [InlineData("spiffe://example.org/*/*", "spiffe://example.org/a", false)]
    [InlineData("spiffe://example.org/ns/shop/**", "spiffe://example.org/ns/shop/a", true)]
    [InlineData("spiffe://example.org/ns/shop/**", "spiffe://example.org/ns/shop/a/b/c", true)]
    [InlineData("spiffe://example.org/ns/shop/**", "spiffe://example.org/ns/shop", false)]
    [InlineData("spiffe://example.org/ns/shop/**", "spiffe://example.org/ns/shopx/a", false)]
    [InlineData("spiffe://example.org/ops/**", "spiffe://example.org/opsx", false)]
    [InlineData("spiffe://example.org/ns/shop/**", "spiffe://example.orgx/ns/shop/a", false)]
    [InlineData("spiffe://example.org/**", "spiffe://example.org/a", true)]
    [InlineData("spiffe://example.org/**", "spiffe://example.org/a/b/c", true)]
    [InlineData("spiffe://example.org/**", "spiffe://example.org", false)]
    [InlineData("spiffe://example.org/**", "spiffe://example.org.evil/a", false)]
    [InlineData("spiffe://example.org/**", "spiffe://sub.example.org/a", false)]
    [InlineData("spiffe://example.org/*/**", "spiffe://example.org/a/b", true)]
    [InlineData("spiffe://example.org/*/**", "spiffe://example.org/a/b/c", true)]
    [InlineData("spiffe://example.org/*/**", "spiffe://example.org/a", false)]
    [InlineData("spiffe://example.org/ns/*/sa/**", "spiffe://example.org/ns/shop/sa/cart", true)]
    [InlineData("spiffe://example.org/ns/*/sa/**", "spiffe://example.org/ns/shop/xx/cart", false)]
    [InlineData("spiffe://a/x,spiffe://b/y", "spiffe://a/x", true)]
    [InlineData("spiffe://a/x,spiffe://b/y", "spiffe://b/y", true)]
    [InlineData("spiffe://a/x,spiffe://b/y", "spiffe://a/y", false)]
    [InlineData("spiffe://a/x, spiffe://b/* ,spiffe://c/d/**", "spiffe://a/x", true)]
    [InlineData("spiffe://a/x, spiffe://b/* ,spiffe://c/d/**", "spiffe://b/z", true)]
    [InlineData("spiffe://a/x, spiffe://b/* ,spiffe://c/d/**", "spiffe://c/d/e/f", true)]
    [InlineData("spiffe://a/x, spiffe://b/* ,spiffe://c/d/**", "spiffe://c/d", false)]
    [InlineData("spiffe://a/x,spiffe://a/x", "spiffe://a/x", true)]
    [InlineData("spiffe:any", "spiffe://example.org/a", true)]
    [InlineData("spiffe:any", "spiffe://example.org", false)]
    public void A_pattern_matches_whom_it_means(string pattern, string id, bool matches) =>
        Assert.Equal(matches, SpiffeIdPattern.Parse(pattern).Matches(SpiffeId.Parse(id)));

    [Theory]
    [InlineData("", "an empty alternative at position 0")]
    [InlineData("   ", "an empty alternative at position 3")]
    [InlineData("spiffe://td/a,", "an empty alternative at position 14")]
    [InlineData(",spiffe://td/a", "an empty alternative at position 0")]
    [InlineData("spiffe://td/a,,spiffe://td/b", "an empty alternative at position 14")]
    [InlineData("spiffe:any,spiffe://td/a", "'spiffe:any' at position 0 must be the only pattern")]
    [InlineData("spiffe://td/a, spiffe:any", "'spiffe:any' at position 15 must be the only pattern")]
    [InlineData("https://td/a", "does not begin with 'spiffe://' at position 0")]
    [InlineData("spiffe://td/a, td/b", "does not begin with 'spiffe://' at position 15")]
    [InlineData("spiffe:anyone", "does not begin with 'spiffe://' at position 0")]
    [InlineData("\tspiffe://td/a", "does not begin with 'spiffe://' at position 0")]
    [InlineData("spiffe://*/a", "'*' in the trust domain at position 9")]
    [InlineData("spiffe://*.td/a", "'*' in the trust domain at position 9")]
    [InlineData("spiffe://td/a,spiffe://t*/**", "'*' in the trust domain at position 24")]
    [InlineData("spiffe://example.org", "has no path at position 20; add '/**'")]
    [InlineData("spiffe://example.org/", "has no path at position 20; add '/**'")]
    [InlineData("spiffe://td/a , spiffe://td", "has no path at position 27; add '/**'")]
    [InlineData("spiffe://td/**/a", "'**' at position 12")]
    [InlineData("spiffe://td/**/**", "'**' at position 12")]
    [InlineData("spiffe://td/a/**/", "'**' at position 14")]
    [InlineData("spiffe://td/a*", "'*' at position 13 next to other characters")]
    [InlineData("spiffe://td/*a/b", "'*' at position 12 next to other characters")]
    [InlineData("spiffe://td/***", "'*' at position 12 next to other characters")]
    [InlineData("spiffe://td/a/b**", "'*' at position 15 next to other characters")]
    [InlineData("spiffe:///a", "names no trust domain at position 9")]
    [InlineData("spiffe://t:1/a", "':' at position 10")]
    [InlineData("spiffe://td/a,spiffe://t~/a", "'~' at position 24")]
    [InlineData("spiffe://td//a", "empty segment at position 12")]
    [InlineData("spiffe://td/a/", "empty segment at position 14")]
    [InlineData("spiffe://td/*/", "empty segment at position 14")]
    [InlineData("spiffe://td/../a", "'.' or '..' segment at position 12")]
    [InlineData("spiffe://td/a b", "' ' at position 13")]
    [InlineData("spiffe://td/a?", "'?' at position 13")]
    [InlineData("spiffe://td/a\n", @"'\u000a' at position 13")]
    [InlineData("spiffe://\u212A/a", @"'\u212a' at position 9")]
    [InlineData("spiffe://\u0130/a", @"'\u0130' at position 9")]
    public void A_malformed_pattern_is_an_error_that_points_at_the_character(string text, string message)
    {
        Assert.False(SpiffeIdPattern.TryParse(text, out var pattern));
        Assert.Null(pattern);
        Assert.Contains(message, Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_no_pattern()
    {
        Assert.Throws<ArgumentNullException>(() => SpiffeIdPattern.Parse(null!));
        Assert.False(SpiffeIdPattern.TryParse(null, out _));
    }

    [Fact]
    public void An_alternative_has_at_most_2048_characters()
    {
        var longest = "spiffe://td/" + new string('a', 2036);
        Assert.True(SpiffeIdPattern.Parse($"{longest},{longest}").Matches(SpiffeId.Parse(longest)));
        var message = Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse($"spiffe://td/b,{longest}a")).Message;
        Assert.Contains("more than 2048 characters at position 14", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Spec", "ID-07")]
    [InlineData("SPIFFE://Example.ORG/Path/*", "spiffe://example.org/Path/*")]
    [InlineData(" Spiffe://A/X , sPIFFE://B/Y/** ", "spiffe://a/X,spiffe://b/Y/**")]
    [InlineData("SPIFFE:ANY", "spiffe:any")]
    [InlineData(" spiffe:any ", "spiffe:any")]
    public void Scheme_and_trust_domain_are_lowered_and_paths_are_not(string text, string canonical)
    {
        var pattern = SpiffeIdPattern.Parse(text);
        Assert.Equal(canonical, pattern.ToString());
        Assert.Equal(pattern, SpiffeIdPattern.Parse(canonical));
    }

    [Fact]
    public void Any_means_every_workload_and_nobody_means_null()
    {
        Assert.Equal("spiffe:any", SpiffeIdPattern.Any.ToString());
        Assert.True(SpiffeIdPattern.Any.Matches(SpiffeId.Parse("spiffe://a/b")));
        Assert.False(SpiffeIdPattern.Any.Matches(null));
        Assert.False(SpiffeIdPattern.Parse("spiffe://a/b").Matches(null));
    }

    [Fact]
    public void Members_of_a_trust_domain_have_a_pattern()
    {
        var pattern = SpiffeIdPattern.MembersOf(TrustDomain.Parse("td"));
        Assert.Equal(SpiffeIdPattern.Parse("spiffe://td/**"), pattern);
        Assert.True(pattern.Matches(SpiffeId.Parse("spiffe://td/a")));
        Assert.False(pattern.Matches(SpiffeId.Parse("spiffe://td2/a")));
        Assert.Throws<ArgumentNullException>(() => SpiffeIdPattern.MembersOf(null!));
    }

    [Fact]
    public void Equality_is_by_canonical_text()
    {
        var (pattern, same, other) = (SpiffeIdPattern.Parse("spiffe://a/b"), SpiffeIdPattern.Parse("SPIFFE://A/b "), SpiffeIdPattern.Parse("spiffe://a/B"));
        Assert.True(pattern.Equals(same) && pattern.Equals((object)same) && pattern.GetHashCode() == same.GetHashCode());
        Assert.False(pattern.Equals(other) || pattern.Equals((object)"spiffe://a/b") || pattern.Equals(null));
    }

    [Fact]
    public void Thousands_of_alternatives_are_fine()
    {
        var ids = Enumerable.Range(0, 5000).Select(i => $"spiffe://td/a{i}").ToArray();
        var pattern = SpiffeIdPattern.Parse(string.Join(", ", ids.Concat(ids.Select(id => id + "/*")).Concat(ids.Select(id => id + "/x/**"))));

        Assert.All(ids, id => Assert.True(pattern.Matches(SpiffeId.Parse(id))));
        Assert.True(pattern.Matches(SpiffeId.Parse("spiffe://td/a4999/y")));
        Assert.True(pattern.Matches(SpiffeId.Parse("spiffe://td/a4999/x/y/z")));
        Assert.False(pattern.Matches(SpiffeId.Parse("spiffe://td/a5000")));
        Assert.False(pattern.Matches(SpiffeId.Parse("spiffe://td/a4999/y/z")));
    }

    [Theory]
    [InlineData("spiffe://td/a/x,spiffe://td/*", "spiffe://td/a", true)]
    [InlineData("spiffe://td/a/x,spiffe://td/*/y", "spiffe://td/a/y", true)]
    [InlineData("spiffe://td/*/x,spiffe://td/a/y", "spiffe://td/a/x", true)]
    [InlineData("spiffe://td/a/*/x,spiffe://td/*/b/y", "spiffe://td/a/b/y", true)]
    [InlineData("spiffe://td/a/*/x,spiffe://td/*/b/y", "spiffe://td/a/b/x", true)]
    [InlineData("spiffe://td/a/*/x,spiffe://td/*/b/y", "spiffe://td/a/b/z", false)]
    [InlineData("spiffe://td/a/*/x,spiffe://td/*/b/y", "spiffe://td/c/c/x", false)]
    [InlineData("spiffe://td/a/b/c,spiffe://td/*/**", "spiffe://td/a/b", true)]
    [InlineData("spiffe://td/a/b/**,spiffe://td/*/b", "spiffe://td/a/b", true)]
    [InlineData("spiffe://td/a/b/**,spiffe://td/*/b", "spiffe://td/c/b/c", false)]
    [InlineData("spiffe://td/a/b/**,spiffe://td/*/b", "spiffe://td/a/b/c", true)]
    [InlineData("spiffe://td/*/b,spiffe://td2/a/*", "spiffe://td/a/c", false)]
    public void Where_one_alternative_has_a_name_and_another_a_star_both_are_followed(string pattern, string id, bool matches) =>
        Assert.Equal(matches, SpiffeIdPattern.Parse(pattern).Matches(SpiffeId.Parse(id)));

    [Fact]
    public void As_many_stars_as_fit_into_an_ID_are_followed_to_the_end()
    {
        // After each star another alternative goes on with a name: two ways at every segment.
        const int Deepest = 1017;
        var pattern = SpiffeIdPattern.Parse(string.Join(',', Enumerable.Range(0, Deepest + 1).Select(stars => $"spiffe://td{string.Concat(Enumerable.Repeat("/*", stars))}/a")));
        var above = $"spiffe://td{string.Concat(Enumerable.Repeat("/a", Deepest))}";

        Assert.Equal(SpiffeId.MaxLength - 1, (above + "/a").Length);
        Assert.True(pattern.Matches(SpiffeId.Parse(above + "/a")));
        Assert.False(pattern.Matches(SpiffeId.Parse(above + "/b")));
    }

    [Theory]
    [InlineData("spiffe:any")]
    [InlineData("spiffe://example.org/ns/shop/sa/cart")]
    [InlineData("spiffe://example.org/x,spiffe://example.org/ns/shop/sa/cart")]
    [InlineData("spiffe://example.org/ns/*/sa/cart")]
    [InlineData("spiffe://example.org/ns/shop/**")]
    [InlineData("spiffe://example.org/ns/*/**")]
    [InlineData("spiffe://example.org/**")]
    [InlineData("spiffe://example.org/*/*/*/*")]
    [InlineData("spiffe://other.org/**, spiffe://example.org/a, spiffe://example.org/*/a, spiffe://example.org/a/**, spiffe://example.org/*/*/sa/**")]
    [InlineData("spiffe://example.org/nobody")]
    public void Matching_allocates_nothing(string text) => AssertAllocatesNothing(SpiffeIdPattern.Parse(text));

    [Theory]
    [InlineData("spiffe://example.org/ns/team-{0}/sa/cart")]
    [InlineData("spiffe://example.org/ns/team-{0}/**")]
    [InlineData("spiffe://example.org/ns/team-{0}/*/cart")]
    public void Matching_a_thousand_alternatives_allocates_nothing(string form) =>
        AssertAllocatesNothing(SpiffeIdPattern.Parse(string.Join(',', Enumerable.Range(1, 1000).Select(i => form.Replace("{0}", $"{i}", StringComparison.Ordinal)))));

    private static void AssertAllocatesNothing(SpiffeIdPattern pattern)
    {
        var id = SpiffeId.Parse("spiffe://example.org/ns/shop/sa/cart");
        pattern.Matches(id);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) pattern.Matches(id);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
