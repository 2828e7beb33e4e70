#pragma warning disable CA1711, CA1720 // Samples of types: their names say what they are a sample of.

namespace AspNetSpiffe
{
    public sealed class SealedOne;

    public interface IInterface;

    public static class Constants;

    public enum Choice
    {
        Yes,
    }

    public class Open;
}

namespace Elsewhere
{
    public sealed class Stranger;

    public static class Functions
    {
        public static int Length(string text) => text.Length;
    }

    public static class OtherExtensions
    {
        public static int Length(this string text) => text.Length;
    }
}
