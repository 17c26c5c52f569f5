import { error } from '@sveltejs/kit';

export function load({ params }: { params: { id: string } }) {
  if (!/^[1-9]\d{0,9}$/.test(params.id)) error(404);
}
