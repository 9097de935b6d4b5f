"""What every page that levelfield writes is made of: elements, axes, the policy that lets nothing else run."""
